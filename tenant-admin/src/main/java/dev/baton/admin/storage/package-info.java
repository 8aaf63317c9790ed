/** How admin data lies in Redis: key names, ids, scripts, and when a write counts as stored. */
@NullMarked
package dev.baton.admin.storage;

import org.jspecify.annotations.NullMarked;
