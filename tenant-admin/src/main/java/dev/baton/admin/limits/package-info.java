/** What tenants and keys may use: limits, and what of them is used now. */
@NullMarked
package dev.baton.admin.limits;

import org.jspecify.annotations.NullMarked;
