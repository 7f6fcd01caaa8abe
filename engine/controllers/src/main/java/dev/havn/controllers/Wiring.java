// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Batches;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Doubling;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Puts controllers beside the informers that wake them.
final class Wiring {
  static final int WORKERS = 5;

  private final Controllers.Settings settings;
  private final Informers informers;
  private final List<Controller> controllers = new ArrayList<>();
  private final List<Runnable> beginnings = new ArrayList<>();

  Wiring(Controllers.Settings settings, Informers informers) {
    this.settings = settings;
    this.informers = informers;
  }

  /// The API with the rights of a controller's own.
  Api api(String account) {
    return settings.apis().apply(account);
  }

  String authority() {
    return settings.authority();
  }

  InstantSource clock() {
    return settings.clock();
  }

  Batches batches() {
    return new Batches(settings.executor());
  }

  Controllers.Features features() {
    return settings.features();
  }

  Controllers.Options options() {
    return settings.options();
  }

  Informers informers() {
    return informers;
  }

  List<Controller> controllers() {
    return controllers;
  }

  /// What a controller does before it leads after a time without the lead, such as forgetting since
  /// when something was so: another may have led meanwhile.
  void onLead(Runnable beginning) {
    beginnings.add(beginning);
  }

  List<Runnable> beginnings() {
    return beginnings;
  }

  /// @param caches that the reconciler reads: it is not called before they show all that there is
  Controller add(String name, Reconciler reconciler, int workers, Informer<?>... caches) {
    return add(
        new Controller(name, reconciler, settings.clock(), settings.executor(), workers), caches);
  }

  /// @param pauses after failures
  Controller add(
      String name, Reconciler reconciler, int workers, Doubling pauses, Informer<?>... caches) {
    return add(
        new Controller(name, reconciler, settings.clock(), settings.executor(), workers, pauses),
        caches);
  }

  private Controller add(Controller controller, Informer<?>... caches) {
    for (Informer<?> each : caches) {
      controller.awaits(each::whenSynced);
    }
    controllers.add(controller);
    return controller;
  }

  static <T extends HasMetadata> void watch(Informer<T> informer, Controller controller) {
    informer.onChange(
        (before, after) -> controller.add(Informer.keyOf(after == null ? notNull(before) : after)));
  }

  static <T> T notNull(@Nullable T object) {
    if (object == null) {
      throw new AssertionError("a change from nothing to nothing");
    }
    return object;
  }

  /// Adds the owner of `kind` of whatever changes.
  static <T extends HasMetadata> void watchOwned(
      Informer<T> informer, Controller controller, String kind) {
    informer.onChange(
        (before, after) -> {
          for (@Nullable T each :
              new ArrayList<@Nullable T>(java.util.Arrays.asList(before, after))) {
            if (each != null) {
              for (OwnerReference owner : each.getMetadata().getOwnerReferences()) {
                if (owner.getKind().equals(kind)) {
                  controller.add(new Key(each.getMetadata().getNamespace(), owner.getName()));
                }
              }
            }
          }
        });
  }
}
