// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.configuration.Shape;
import dev.havn.schema.validate.FieldError;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads the field `issuer`.
final class IssuerFields {
  private static final String ANY = "MatchAny";

  static final Shape SHAPE =
      Shape.fields(
          "Issuer",
          Map.of(
              "url", Shape.TEXT,
              "discoveryURL", Shape.TEXT,
              "certificateAuthority", Shape.TEXT,
              "audiences", Shape.several(Shape.TEXT),
              "audienceMatchPolicy", Shape.TEXT,
              "egressSelectorType", Shape.TEXT));

  private final String path;
  private final List<FieldError> errors;

  IssuerFields(String path, List<FieldError> errors) {
    this.path = path;
    this.errors = errors;
  }

  JwtSettings.Issuer read(JsonNode issuer, List<String> disallowed) {
    String url = JwtFields.text(issuer, "url");
    if (url.isEmpty()) {
      errors.add(FieldError.required(path + ".url", ""));
    } else {
      checkUrl(url, path + ".url", disallowed);
    }
    String discovery = JwtFields.text(issuer, "discoveryURL");
    if (!discovery.isEmpty()) {
      String at = path + ".discoveryURL";
      if (!url.isEmpty() && url.replaceAll("/+$", "").equals(discovery.replaceAll("/+$", ""))) {
        errors.add(FieldError.invalid(at, discovery, "discoveryURL must be different from URL"));
      }
      checkUrl(discovery, at, List.of());
    }
    List<String> audiences = new ArrayList<>();
    issuer.path("audiences").forEach(each -> audiences.add(each.asText("")));
    checkAudiences(audiences, JwtFields.text(issuer, "audienceMatchPolicy"));
    String authority = JwtFields.text(issuer, "certificateAuthority");
    checkAuthority(authority);
    String egress = JwtFields.text(issuer, "egressSelectorType");
    if (!egress.isEmpty()) {
      errors.add(
          FieldError.invalid(
              path + ".egressSelectorType",
              egress,
              egress.equals("controlplane") || egress.equals("cluster")
                  ? "oidc: egress lookup for \"" + egress + "\" is not configured"
                  : "egress selector must be either controlplane or cluster"));
    }
    return new JwtSettings.Issuer(url, discovery, authority, audiences);
  }

  private void checkUrl(String url, String at, List<String> disallowed) {
    if (disallowed.contains(url)) {
      errors.add(
          FieldError.invalid(
              at,
              url,
              "URL must not overlap with disallowed issuers: ["
                  + String.join(" ", disallowed)
                  + "]"));
    }
    URI parsed;
    try {
      parsed = new URI(url);
    } catch (URISyntaxException e) {
      errors.add(FieldError.invalid(at, url, "parse \"" + url + "\": " + e.getReason()));
      return;
    }
    if (!"https".equals(parsed.getScheme())) {
      errors.add(FieldError.invalid(at, url, "URL scheme must be https"));
    }
    if (parsed.getRawUserInfo() != null) {
      errors.add(FieldError.invalid(at, url, "URL must not contain a username or password"));
    }
    if (parsed.getRawQuery() != null && !parsed.getRawQuery().isEmpty()) {
      errors.add(FieldError.invalid(at, url, "URL must not contain a query"));
    }
    if (parsed.getRawFragment() != null && !parsed.getRawFragment().isEmpty()) {
      errors.add(FieldError.invalid(at, url, "URL must not contain a fragment"));
    }
  }

  private void checkAudiences(List<String> audiences, String policy) {
    String at = path + ".audiences";
    if (audiences.isEmpty()) {
      errors.add(FieldError.required(at, "at least one " + at + " is required"));
      return;
    }
    Set<String> seen = new HashSet<>();
    int index = 0;
    for (String each : audiences) {
      String here = at + "[" + index++ + "]";
      if (each.isEmpty()) {
        errors.add(FieldError.required(here, ""));
      }
      if (!seen.add(each)) {
        errors.add(FieldError.duplicate(here, each));
      }
    }
    if (policy.equals(ANY) || (policy.isEmpty() && audiences.size() == 1)) {
      return;
    }
    errors.add(
        FieldError.invalid(
            path + ".audienceMatchPolicy",
            policy,
            audiences.size() > 1
                ? "audienceMatchPolicy must be MatchAny for multiple audiences"
                : "audienceMatchPolicy must be empty or MatchAny for single audience"));
  }

  private void checkAuthority(String authority) {
    if (authority.isEmpty()) {
      return;
    }
    boolean some = false;
    try {
      byte[] bytes = authority.getBytes(StandardCharsets.ISO_8859_1);
      some =
          authority.contains("-----BEGIN CERTIFICATE-----")
              && !CertificateFactory.getInstance("X.509")
                  .generateCertificates(new ByteArrayInputStream(bytes))
                  .isEmpty();
    } catch (CertificateException broken) {
      some = false;
    }
    if (!some) {
      errors.add(
          FieldError.invalid(
              path + ".certificateAuthority",
              "<omitted>",
              "data does not contain any valid RSA or ECDSA certificates"));
    }
  }
}
