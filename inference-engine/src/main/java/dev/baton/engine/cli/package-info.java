/** The developer's tools that need no server. */
@NullMarked
package dev.baton.engine.cli;

import org.jspecify.annotations.NullMarked;
