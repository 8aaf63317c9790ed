/** Real parts and hand-written fakes that tests of this module and of the platform run against. */
@NullMarked
package dev.baton.testing;

import org.jspecify.annotations.NullMarked;
