@NullMarked
package dev.baton.admin;

import org.jspecify.annotations.NullMarked;
