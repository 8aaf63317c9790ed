package dev.baton.admin.http;

import java.util.Map;

/** An answer as it was first given. */
record Answer(int status, Map<String, String> headers, byte[] body) {}
