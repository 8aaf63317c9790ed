/**
 * The administration of tenants. Each capability has a package with its endpoint, rules, storage
 * and settings; {@link dev.baton.admin.TenantAdminConfiguration} brings all of them into an
 * application.
 */
@NullMarked
package dev.baton.admin;

import org.jspecify.annotations.NullMarked;
