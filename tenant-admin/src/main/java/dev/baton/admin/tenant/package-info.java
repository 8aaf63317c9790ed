/** Tenants: created, renamed, suspended and resumed. */
@NullMarked
package dev.baton.admin.tenant;

import org.jspecify.annotations.NullMarked;
