// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.proxy.Rewriting;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Links of a page that begin at the pod's root begin at the proxy's path for the reader.
///
/// @param prefix what they need before them
record ProxiedPage(String prefix) implements Rewriting {
  private static final Pattern LINK =
      Pattern.compile("(\\b(?:href|src|action|cite|background)\\s*=\\s*[\"'])(/(?!/))");

  @Override
  public boolean applies(Headers answer) {
    @Nullable String type = answer.first("content-type");
    return type != null && type.startsWith("text/html") && answer.first("content-encoding") == null;
  }

  @Override
  public byte[] rewritten(byte[] body) {
    return LINK.matcher(new String(body, StandardCharsets.UTF_8))
        .replaceAll("$1" + Matcher.quoteReplacement(prefix) + "$2")
        .getBytes(StandardCharsets.UTF_8);
  }
}
