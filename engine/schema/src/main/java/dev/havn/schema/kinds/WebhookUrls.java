// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.net.URI;
import java.net.URISyntaxException;

/// URLs of webhooks.
final class WebhookUrls {
  private static final String FORM = "; desired format: https://host[/path]";

  private WebhookUrls() {}

  static void check(At url) {
    try {
      URI parsed = new URI(url.text());
      String scheme = parsed.getScheme() == null ? "" : parsed.getScheme();
      String host = parsed.getHost() == null ? "" : parsed.getHost();
      if (!scheme.equals("https")) {
        refuse(url, scheme, "'https' is the only allowed URL scheme" + FORM);
      }
      if (host.isEmpty()) {
        refuse(url, "", "host must be specified" + FORM);
      }
      if (parsed.getUserInfo() != null) {
        refuse(url, parsed.getUserInfo(), "user information is not permitted in the URL");
      }
      if (parsed.getFragment() != null) {
        refuse(url, parsed.getFragment(), "fragments are not permitted in the URL");
      }
      if (parsed.getQuery() != null) {
        refuse(url, parsed.getQuery(), "query parameters are not permitted in the URL");
      }
    } catch (URISyntaxException e) {
      boolean parts = url.text().contains("://");
      if (parts) {
        url.required("url must be a valid URL: " + e.getMessage() + FORM);
      } else {
        refuse(url, "", "'https' is the only allowed URL scheme" + FORM);
        refuse(url, "", "host must be specified" + FORM);
      }
    }
  }

  private static void refuse(At url, String part, String detail) {
    url.errors().add(FieldError.invalid(url.path(), part, detail));
  }
}
