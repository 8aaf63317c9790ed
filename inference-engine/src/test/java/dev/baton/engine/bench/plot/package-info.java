@NullMarked
package dev.baton.engine.bench.plot;

import org.jspecify.annotations.NullMarked;
