@NullMarked
package dev.baton.platform.operations;

import org.jspecify.annotations.NullMarked;
