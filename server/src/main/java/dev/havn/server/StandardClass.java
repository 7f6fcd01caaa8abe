// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.volumes.HostPathProvisioner;
import dev.havn.reconcile.Api;

/// The StorageClass `standard`: a claim that asks for nothing special gets a folder on the node
/// that its first pod comes to. It is offered at the first start only, so whoever deletes or
/// changes it has it so for good.
final class StandardClass {
  private static final String CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
  private static final String NAME = "standard";
  private static final String IS_DEFAULT = "storageclass.kubernetes.io/is-default-class";

  private StandardClass() {}

  static void offer(Api api) {
    if (api.find(CLASSES + "/" + NAME).isPresent()) {
      return;
    }
    ObjectNode offered =
        Api.object().put("kind", "StorageClass").put("apiVersion", "storage.k8s.io/v1");
    ObjectNode metadata = offered.putObject("metadata").put("name", NAME);
    metadata.putObject("annotations").put(IS_DEFAULT, "true");
    offered.put("provisioner", HostPathProvisioner.NAME).put("reclaimPolicy", "Delete");
    offered.put("volumeBindingMode", "WaitForFirstConsumer").put("allowVolumeExpansion", true);
    try {
      api.create(CLASSES, offered.toString());
    } catch (Api.RefusedException e) {
      // Another server may have been faster.
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
  }
}
