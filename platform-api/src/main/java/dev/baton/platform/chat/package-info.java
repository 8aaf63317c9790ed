/** Chat completions and models as OpenAI's SDKs expect them: wire records, request checks, SSE. */
@NullMarked
package dev.baton.platform.chat;

import org.jspecify.annotations.NullMarked;
