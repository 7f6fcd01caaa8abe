// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import dev.havn.store.Cursor;
import dev.havn.store.Store;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is registered for admission, compiled. Whoever asks after a change was acknowledged sees
/// it: the log says that something changed, the next one to ask compiles anew.
public final class Registrations {
  private static final String GROUP = "admissionregistration.k8s.io/v1";
  private static final String PREFIX = "/registry/admissionregistration.k8s.io/";

  private final Objects objects;
  private final Store store;
  private volatile Registered registered = new Registered(List.of(), List.of());
  private volatile boolean stale = true;
  private @Nullable Cursor changes;

  /// All of it at one moment, in the order in which they are asked.
  record Registered(List<Webhook> mutatingWebhooks, List<Webhook> validatingWebhooks) {
    boolean mutates() {
      return !mutatingWebhooks.isEmpty();
    }

    boolean validates() {
      return !validatingWebhooks.isEmpty();
    }
  }

  public Registrations(Objects objects, Store store) {
    this.objects = objects;
    this.store = store;
  }

  Registered current() {
    return stale ? compiled() : registered;
  }

  private synchronized Registered compiled() {
    if (!stale) {
      return registered;
    }
    if (changes != null) {
      changes.close();
    }
    Cursor cursor = store.watch(PREFIX, store.revision());
    changes = cursor;
    registered =
        new Registered(
            webhooks("mutatingwebhookconfigurations"), webhooks("validatingwebhookconfigurations"));
    stale = false;
    cursor.onReady(() -> stale = true);
    return registered;
  }

  private List<Webhook> webhooks(String plural) {
    List<ObjectNode> configurations = new ArrayList<>(objects.list(GROUP, plural, ""));
    configurations.sort(Comparator.comparing(each -> each.path("metadata").path("name").asText()));
    return configurations.stream().flatMap(each -> Webhook.of(each).stream()).toList();
  }
}
