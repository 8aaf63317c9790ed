@NullMarked
package dev.baton.admin.limits;

import org.jspecify.annotations.NullMarked;
