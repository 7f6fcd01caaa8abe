// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Registry;
import dev.havn.apiserver.transport.ReadyPods;
import dev.havn.apiserver.transport.UnreachableException;
import dev.havn.schema.BuiltinTypes;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// From a Service to the pods behind it, through what the API says.
class ReadyPodsTest {
  private static final String NAMESPACE = "/api/v1/namespaces/default/";
  private static final String SLICES =
      "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

  private final TestApi api = new TestApi();
  private final ReadyPods pods =
      new ReadyPods(
          new Objects(api.store, new Registry(BuiltinTypes.load())),
          (pod, address) -> pod.path("metadata").path("name").asText().equals("near"),
          new Random(1));

  @BeforeEach
  void aService() {
    post(
        NAMESPACE + "services",
        """
        {"metadata":{"name":"hook"},"spec":{"ports":[
          {"name":"other","port":80,"targetPort":8080},{"name":"https","port":443,"targetPort":"tls"}]}}
        """);
  }

  private void post(String target, String body) {
    assertThat(api.post(target, body).status()).isEqualTo(201);
  }

  private void slice(String name, String ports, String endpoints) {
    post(
        SLICES,
        """
        {"metadata":{"name":"%s","labels":{"kubernetes.io/service-name":"hook"}},
         "addressType":"IPv4","ports":[%s],"endpoints":[%s]}
        """
            .formatted(name, ports, endpoints));
  }

  private static String endpoint(String address, boolean ready) {
    return "{\"addresses\":[\"%s\"],\"conditions\":{\"ready\":%s}}".formatted(address, ready);
  }

  private void assertRefused(String name, int port, String words) {
    assertThatThrownBy(() -> pods.resolve("default", name, port))
        .isInstanceOf(UnreachableException.class)
        .hasMessage(words);
  }

  @Test
  void allThatAreReadyAreChosenAndNobodyElse() {
    slice("a", "{\"name\":\"other\",\"port\":8080}", endpoint("10.0.0.9", true));
    slice(
        "b",
        "{\"name\":\"https\",\"port\":8443}",
        endpoint("10.0.0.1", true)
            + ","
            + endpoint("10.0.0.2", false)
            + ","
            + endpoint("10.0.0.3", true));
    Set<InetSocketAddress> seen = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      seen.add(pods.resolve("default", "hook", 443));
    }
    assertThat(seen)
        .containsExactlyInAnyOrder(
            new InetSocketAddress("10.0.0.1", 8443), new InetSocketAddress("10.0.0.3", 8443));
  }

  @Test
  void whatIsMissingIsNamed() {
    assertRefused("none", 443, "service \"none\" not found");
    assertRefused("hook", 444, "no service port 444 found for service \"hook\"");
    assertRefused("hook", 443, "no endpoints available for service \"hook\"");
    slice("b", "{\"name\":\"https\",\"port\":8443}", endpoint("10.0.0.2", false));
    assertRefused("hook", 443, "no endpoints available for service \"hook\"");
  }

  @Test
  void aNameOutsideIsNotFollowed() {
    post(
        NAMESPACE + "services",
        "{\"metadata\":{\"name\":\"out\"},\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"example.org\"}}");
    assertRefused("out", 443, "unsupported service type \"ExternalName\"");
  }
}
