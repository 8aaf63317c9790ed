/** What a request may use: reserved at the door, settled on every way out. */
@NullMarked
package dev.baton.platform.quota;

import org.jspecify.annotations.NullMarked;
