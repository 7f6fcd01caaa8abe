// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Starts a cluster when a test first asks for it and closes it after the test.
final class HavnExtension implements ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(HavnExtension.class);

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Cluster.class || type == KubernetesClient.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Optional<Havn> asked = context.getTestClass().map(type -> type.getAnnotation(Havn.class));
    int nodes = asked.map(Havn::nodes).orElse(1);
    String gates = asked.map(Havn::featureGates).orElse("");
    Cluster cluster =
        context
            .getStore(NAMESPACE)
            .computeIfAbsent("cluster", _ -> Cluster.start(nodes, gates), Cluster.class);
    return parameter.getParameter().getType() == Cluster.class ? cluster : cluster.client();
  }
}
