// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/// Rules of ConfigMaps and Secrets.
final class ConfigRules {
  private static final int DATA_BYTES_MAX = 1 << 20;
  private static final String REDACTED = "<secret contents redacted>";

  private ConfigRules() {}

  static void configMap(At object) {
    At data = object.at("data");
    At binary = object.at("binaryData");
    long[] bytes = {0};
    data.entries()
        .forEach(
            (key, value) -> {
              key(value, key);
              if (binary.at(key).isThere()) {
                value
                    .errors()
                    .add(
                        FieldError.invalid(
                            value.path(), key, "duplicate of key present in binaryData"));
              }
              bytes[0] += value.text().getBytes(StandardCharsets.UTF_8).length;
            });
    binary
        .entries()
        .forEach(
            (key, value) -> {
              key(value, key);
              bytes[0] += decoded(value).length;
            });
    if (bytes[0] > DATA_BYTES_MAX) {
      object.errors().add(FieldError.tooLong("", DATA_BYTES_MAX));
    }
  }

  private static void key(At value, String key) {
    for (String problem : Formats.configKey(key)) {
      value.errors().add(FieldError.invalid(value.path(), key, problem));
    }
  }

  private static byte[] decoded(At value) {
    return Base64.getMimeDecoder().decode(value.text());
  }

  static void secret(At object) {
    At data = object.at("data");
    long[] bytes = {0};
    data.entries()
        .forEach(
            (key, value) -> {
              key(value, key);
              bytes[0] += decoded(value).length;
            });
    if (bytes[0] > DATA_BYTES_MAX) {
      data.errors().add(FieldError.tooLong("data", DATA_BYTES_MAX));
    }
    ofType(object, data);
  }

  private static void ofType(At object, At data) {
    switch (object.at("type").text()) {
      case "kubernetes.io/service-account-token" -> {
        At account =
            object.at("metadata").at("annotations").at("kubernetes.io/service-account.name");
        if (account.isEmpty()) {
          account.named("metadata.annotations[kubernetes.io/service-account.name]").required("");
        }
      }
      case "kubernetes.io/dockercfg" -> docker(data, ".dockercfg");
      case "kubernetes.io/dockerconfigjson" -> docker(data, ".dockerconfigjson");
      case "kubernetes.io/basic-auth" -> {
        if (!data.at("username").isThere() && !data.at("password").isThere()) {
          needs(data, "username");
          needs(data, "password");
        }
      }
      case "kubernetes.io/ssh-auth" -> {
        if (data.at("ssh-privatekey").isEmpty()) {
          needs(data, "ssh-privatekey");
        }
      }
      case "kubernetes.io/tls" -> {
        for (String key : List.of("tls.crt", "tls.key")) {
          if (!data.at(key).isThere()) {
            needs(data, key);
          }
        }
      }
      default -> {}
    }
  }

  private static void needs(At data, String key) {
    data.errors().add(FieldError.required("data[" + key + "]", ""));
  }

  private static void docker(At data, String key) {
    At value = data.at(key);
    if (!value.isThere()) {
      needs(data, key);
      return;
    }
    try {
      JsonNode tree = Json.read(decoded(value)).tree();
      if (!tree.isObject() && !tree.isNull()) {
        refuse(
            key,
            data,
            "json: cannot unmarshal %s into Go value of type map[string]interface {}"
                .formatted(
                    tree.isArray() ? "array" : tree.getNodeType().name().toLowerCase(Locale.ROOT)));
      }
    } catch (CodecException e) {
      refuse(key, data, String.valueOf(e.getMessage()));
    }
  }

  private static void refuse(String key, At data, String detail) {
    data.errors().add(FieldError.invalid("data[" + key + "]", REDACTED, detail));
  }
}
