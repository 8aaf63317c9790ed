/** The check that finds unknown and impossible settings before anything starts. */
@NullMarked
package dev.baton.admin.settings;

import org.jspecify.annotations.NullMarked;
