// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.ingress.rules.IngressRules;
import dev.havn.reconcile.Api;

/// The IngressClass `havn`: an Ingress that names no class gets it. It is offered at the first
/// start only, so whoever deletes or changes it has it so for good.
final class StandardIngressClass {
  private static final String CLASSES = "/apis/networking.k8s.io/v1/ingressclasses";
  private static final String NAME = "havn";
  private static final String IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class";

  private StandardIngressClass() {}

  static void offer(Api api) {
    ObjectNode offered =
        Api.object().put("kind", "IngressClass").put("apiVersion", "networking.k8s.io/v1");
    ObjectNode metadata = offered.putObject("metadata").put("name", NAME);
    metadata.putObject("annotations").put(IS_DEFAULT, "true");
    offered.putObject("spec").put("controller", IngressRules.CONTROLLER);
    try {
      api.create(CLASSES, offered.toString());
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
  }
}
