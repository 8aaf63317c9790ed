/** What tenants used: a ledger of requests, and sums by minute, hour and day. */
@NullMarked
package dev.baton.admin.usage;

import org.jspecify.annotations.NullMarked;
