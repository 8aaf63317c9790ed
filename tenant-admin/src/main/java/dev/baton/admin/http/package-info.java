/** How the admin API speaks: its credential, strict JSON, pages and problem documents. */
@NullMarked
package dev.baton.admin.http;

import org.jspecify.annotations.NullMarked;
