/** API keys: issued once, stored hashed, revoked at once; and who a presented key speaks for. */
@NullMarked
package dev.baton.admin.apikey;

import org.jspecify.annotations.NullMarked;
