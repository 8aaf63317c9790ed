/** The admin console: static files that talk to the admin API from the browser. */
@NullMarked
package dev.baton.admin.console;

import org.jspecify.annotations.NullMarked;
