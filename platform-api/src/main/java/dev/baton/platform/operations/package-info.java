/** Health, drain, metrics, and one log line per request outcome. */
@NullMarked
package dev.baton.platform.operations;

import org.jspecify.annotations.NullMarked;
