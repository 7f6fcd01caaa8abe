// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.csi.PodTokens;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The tokens that pods carry. One is kept until four fifths of its time are over, or a day.
final class ServiceAccountTokens implements PodTokens {
  private static final Duration AGE_MAX = Duration.ofHours(24);
  private static final int USED_PERCENT_MAX = 80;
  private static final long SECONDS = 3_600;

  private final PodApi api;
  private final InstantSource clock;
  private final Map<Key, Kept> tokens = new ConcurrentHashMap<>();

  private record Key(String uid, String audience, long seconds) {}

  private record Kept(Token token, Instant renewal) {}

  ServiceAccountTokens(PodApi api, InstantSource clock) {
    this.api = api;
    this.clock = clock;
  }

  String of(Pod pod, ServiceAccountTokenProjection projection) {
    String audience = projection.getAudience() == null ? "" : projection.getAudience();
    return of(pod, audience, projection.getExpirationSeconds()).text();
  }

  @Override
  public Token of(Pod pod, String audience, @Nullable Long wanted) {
    long seconds = wanted == null ? SECONDS : wanted;
    Key key = new Key(pod.getMetadata().getUid(), audience, seconds);
    @Nullable Kept known = tokens.get(key);
    if (known == null || !clock.instant().isBefore(known.renewal())) {
      known = request(pod, audience, seconds);
      tokens.put(key, known);
    }
    return known.token();
  }

  private Kept request(Pod pod, String audience, long seconds) {
    ObjectNode request =
        Api.object().put("kind", "TokenRequest").put("apiVersion", "authentication.k8s.io/v1");
    ObjectNode spec = request.putObject("spec").put("expirationSeconds", seconds);
    if (!audience.isEmpty()) {
      spec.putArray("audiences").add(audience);
    }
    spec.putObject("boundObjectRef")
        .put("kind", "Pod")
        .put("apiVersion", "v1")
        .put("name", pod.getMetadata().getName())
        .put("uid", pod.getMetadata().getUid());
    Instant now = clock.instant();
    JsonNode status =
        api.create(
                "/api/v1/namespaces/%s/serviceaccounts/%s/token"
                    .formatted(
                        pod.getMetadata().getNamespace(), pod.getSpec().getServiceAccountName()),
                request.toString())
            .path("status");
    String expires = status.path("expirationTimestamp").asText();
    Duration life = Duration.between(now, Instant.parse(expires));
    Duration used = life.multipliedBy(USED_PERCENT_MAX).dividedBy(100);
    return new Kept(
        new Token(status.path("token").asText(), expires),
        now.plus(used.compareTo(AGE_MAX) < 0 ? used : AGE_MAX));
  }

  void forget(String uid) {
    tokens.keySet().removeIf(key -> key.uid().equals(uid));
  }
}
