// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/// Gives each test of a class a fresh cluster. Parameters of type [Cluster] and
/// `io.fabric8.kubernetes.client.KubernetesClient` receive it and its client.
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(HavnExtension.class)
public @interface Havn {
  /// How many nodes the cluster has.
  int nodes() default 1;

  /// Features that Kubernetes does not turn on by itself, as `--feature-gates` says it:
  /// `MaxUnavailableStatefulSet=true`.
  String featureGates() default "";
}
