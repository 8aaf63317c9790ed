@NullMarked
package dev.baton.cuda;

import org.jspecify.annotations.NullMarked;
