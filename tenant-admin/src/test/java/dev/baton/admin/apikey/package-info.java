@NullMarked
package dev.baton.admin.apikey;

import org.jspecify.annotations.NullMarked;
