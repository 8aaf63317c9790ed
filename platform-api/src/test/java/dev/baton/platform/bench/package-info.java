@NullMarked
package dev.baton.platform.bench;

import org.jspecify.annotations.NullMarked;
