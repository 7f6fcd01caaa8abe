// SPDX-License-Identifier: Apache-2.0
package dev.havn.clients.parcels;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Map;

/// Keeps a ConfigMap with the address of each parcel, and a receipt of those that are gone.
final class ParcelReconciler implements Reconciler<Parcel>, Cleaner<Parcel> {
  @Override
  public List<EventSource<?, Parcel>> prepareEventSources(EventSourceContext<Parcel> context) {
    var owned =
        InformerEventSourceConfiguration.from(ConfigMap.class, Parcel.class)
            .withNamespacesInheritedFromController()
            .build();
    return List.of(new InformerEventSource<>(owned, context));
  }

  @Override
  public UpdateControl<Parcel> reconcile(Parcel parcel, Context<Parcel> context) {
    ConfigMap label =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName(parcel.getMetadata().getName())
            .withNamespace(parcel.getMetadata().getNamespace())
            .endMetadata()
            .withData(Map.of("to", parcel.getSpec().to()))
            .build();
    label.addOwnerReference(parcel);
    context.getClient().resource(label).forceConflicts().serverSideApply();
    parcel.getMetadata().setManagedFields(null);
    parcel.setStatus(new ParcelStatus(parcel.getSpec().to()));
    return UpdateControl.patchStatus(parcel);
  }

  @Override
  public DeleteControl cleanup(Parcel parcel, Context<Parcel> context) {
    ConfigMap receipt =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("receipt-" + parcel.getMetadata().getName())
            .withNamespace(parcel.getMetadata().getNamespace())
            .endMetadata()
            .build();
    context.getClient().resource(receipt).serverSideApply();
    return DeleteControl.defaultDelete();
  }
}
