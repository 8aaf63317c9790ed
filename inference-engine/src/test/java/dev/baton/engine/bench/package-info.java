@NullMarked
package dev.baton.engine.bench;

import org.jspecify.annotations.NullMarked;
