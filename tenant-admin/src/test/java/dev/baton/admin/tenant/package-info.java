@NullMarked
package dev.baton.admin.tenant;

import org.jspecify.annotations.NullMarked;
