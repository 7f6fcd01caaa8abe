// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.certificates.Pem;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Collectors;

/// The ConfigMap `kube-system/extension-apiserver-authentication`, in which other API servers read
/// whom to trust: the authorities of clients, and the front proxy with its headers.
public final class ExtensionAuthentication {
  private static final String CLIENTS = "client-ca-file";
  private static final String PROXIES = "requestheader-client-ca-file";

  private ExtensionAuthentication() {}

  /// @param authorities of clients
  public static ObjectNode configMap(List<X509Certificate> authorities, FrontProxy frontProxy) {
    ObjectNode map = JsonNodeFactory.instance.objectNode();
    map.put("kind", "ConfigMap").put("apiVersion", "v1");
    map.putObject("metadata")
        .put("name", "extension-apiserver-authentication")
        .put("namespace", "kube-system");
    ObjectNode data = map.putObject("data");
    if (!authorities.isEmpty()) {
      data.put(CLIENTS, authorities.stream().map(Pem::of).collect(Collectors.joining()));
    }
    data.put("requestheader-allowed-names", "[\"" + FrontProxy.NAME + "\"]");
    data.put(PROXIES, Pem.of(frontProxy.authority()));
    data.put("requestheader-extra-headers-prefix", "[\"X-Remote-Extra-\"]");
    data.put("requestheader-group-headers", "[\"X-Remote-Group\"]");
    data.put("requestheader-uid-headers", "[\"X-Remote-Uid\"]");
    data.put("requestheader-username-headers", "[\"X-Remote-User\"]");
    return map;
  }

  /// What stands there with what is missing; authorities of other servers on the same store stay.
  public static ObjectNode completed(ObjectNode present, ObjectNode wanted) {
    ObjectNode completed = present.deepCopy();
    ObjectNode data = completed.withObjectProperty("data");
    wanted
        .path("data")
        .properties()
        .forEach(
            each -> {
              String before = data.path(each.getKey()).asText("");
              String value = each.getValue().asText();
              boolean bundle = each.getKey().equals(CLIENTS) || each.getKey().equals(PROXIES);
              if (!bundle) {
                data.put(each.getKey(), value);
              } else if (!before.contains(value)) {
                data.put(each.getKey(), before + value);
              }
            });
    return completed;
  }
}
