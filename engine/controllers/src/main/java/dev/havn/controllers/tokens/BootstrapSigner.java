// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Signs the kubeconfig of the ConfigMap `cluster-info` in `kube-public` with each bootstrap token
/// that says so, so that who has a token can tell whether what anybody may read there is genuine: a
/// JSON web signature without its content (RFC 7515, appendix F) in `jws-kubeconfig-ID`.
public final class BootstrapSigner implements Reconciler {
  public static final Key CLUSTER_INFO = new Key("kube-public", "cluster-info");

  private static final String SIGNATURE = "jws-kubeconfig-";
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private final Informer<Secret> secrets;
  private final Informer<ConfigMap> maps;
  private final Api api;
  private final InstantSource clock;

  /// @param secrets of bootstrap tokens
  /// @param maps of the name
  public BootstrapSigner(
      Informer<Secret> secrets, Informer<ConfigMap> maps, Api api, InstantSource clock) {
    this.secrets = secrets;
    this.maps = maps;
    this.api = api;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable ConfigMap known = maps.get(CLUSTER_INFO.namespace(), CLUSTER_INFO.name());
    @Nullable Map<String, String> data = known == null ? null : known.getData();
    @Nullable String content = data == null ? null : data.get("kubeconfig");
    if (!key.equals(CLUSTER_INFO) || data == null || content == null) {
      return Result.DONE;
    }
    Map<String, String> signatures = signatures(content);
    Map<String, String> before = new TreeMap<>(data);
    before.keySet().removeIf(each -> !each.startsWith(SIGNATURE));
    if (!signatures.equals(before)) {
      write(content, signatures);
    }
    return Result.DONE;
  }

  private Map<String, String> signatures(String content) {
    Map<String, String> signatures = new TreeMap<>();
    for (Secret each : secrets.list(BootstrapSecret.NAMESPACE)) {
      BootstrapSecret token = new BootstrapSecret(each);
      boolean over = token.left(clock.instant()).filter(Duration::isZero).isPresent();
      String secret = token.value("token-secret");
      if (!over
          && !token.id().isEmpty()
          && !secret.isEmpty()
          && token.value("usage-bootstrap-signing").equals("true")) {
        signatures.put(SIGNATURE + token.id(), signature(content, token.id(), secret));
      }
    }
    return signatures;
  }

  static String signature(String content, String id, String secret) {
    String header = "{\"alg\":\"HS256\",\"kid\":\"" + id + "\"}";
    String head = BASE64.encodeToString(header.getBytes(StandardCharsets.UTF_8));
    String body = BASE64.encodeToString(content.getBytes(StandardCharsets.UTF_8));
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      byte[] sum = mac.doFinal((head + "." + body).getBytes(StandardCharsets.UTF_8));
      return head + ".." + BASE64.encodeToString(sum);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA256 is part of every JDK", e);
    }
  }

  /// Unless the map says something else by now: that change comes here too.
  private void write(String content, Map<String, String> signatures) {
    String path = Api.path(ConfigMap.class, CLUSTER_INFO.namespace(), CLUSTER_INFO.name());
    try {
      JsonNode found = api.get(path);
      if (!(found.path("data") instanceof ObjectNode data)
          || !data.path("kubeconfig").asText().equals(content)) {
        return;
      }
      List<String> names = new ArrayList<>();
      data.fieldNames().forEachRemaining(names::add);
      names.stream().filter(each -> each.startsWith(SIGNATURE)).forEach(data::remove);
      signatures.forEach(data::put);
      api.update(path, found);
    } catch (Api.RefusedException e) {
      if (!e.isGone()) {
        throw e;
      }
    }
  }
}
