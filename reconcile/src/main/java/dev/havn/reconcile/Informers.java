// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;

/// One informer per kind, shared by everything in the process.
public final class Informers implements AutoCloseable {
  private final Api api;
  private final ScheduledExecutorService executor;
  private final Map<Wanted, Informer<?>> shared = new LinkedHashMap<>();

  private record Wanted(Class<?> type, String query, boolean outline) {}

  public Informers(Api api, ScheduledExecutorService executor) {
    this.api = api;
    this.executor = executor;
  }

  /// The informer of a kind, started when it is first asked for.
  public <T extends HasMetadata> Informer<T> of(Class<T> type) {
    return of(type, "");
  }

  /// The informer of pods without how their containers are run (see [PodOutline]), for all who look
  /// after many of them.
  public Informer<Pod> podOutlines() {
    return shared(Pod.class, "", true);
  }

  /// The informer of a selection of a kind, such as `&fieldSelector=metadata.name%3Da`, shared by
  /// all who ask for the same.
  public <T extends HasMetadata> Informer<T> of(Class<T> type, String query) {
    return shared(type, query, false);
  }

  @SuppressWarnings("unchecked") // the map holds for each type the informer of that type
  private synchronized <T extends HasMetadata> Informer<T> shared(
      Class<T> type, String query, boolean outline) {
    return (Informer<T>)
        shared.computeIfAbsent(
            new Wanted(type, query, outline), _ -> of(Informer.Source.of(type, query, outline)));
  }

  /// An informer of its own with a selection, such as `&fieldSelector=spec.nodeName%3Da`.
  public <T extends HasMetadata> Informer<T> selecting(Class<T> type, String query) {
    return of(Informer.Source.of(type, query, false));
  }

  /// An informer of its own, which whoever asks for it closes.
  public <T> Informer<T> of(Informer.Source<T> source) {
    Informer<T> informer = new Informer<>(api, source, executor);
    informer.start();
    return informer;
  }

  public synchronized boolean haveSynced() {
    return shared.values().stream().allMatch(Informer::hasSynced);
  }

  @Override
  public synchronized void close() {
    shared.values().forEach(Informer::close);
  }
}
