/** Rules of the house that a tool can check. */
@NullMarked
package dev.baton.architecture;

import org.jspecify.annotations.NullMarked;
