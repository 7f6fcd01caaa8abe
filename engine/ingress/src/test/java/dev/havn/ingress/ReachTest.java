// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where EndpointSlices that anybody wrote may lead.
class ReachTest {
  private static Pod pod(String namespace, String phase, String address) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .endMetadata()
        .withNewStatus()
        .withPhase(phase)
        .addNewPodIP()
        .withIp(address)
        .endPodIP()
        .endStatus()
        .build();
  }

  @ParameterizedTest
  @CsvSource({
    "10.244.0.2,true,the namespace's own pod",
    "10.244.0.3,false,another's pod",
    "10.244.0.4,true,another's that ended and the own one that has its address now",
    "192.0.2.1,true,the machine's where an own pod uses it",
    "192.0.2.2,false,the machine's",
    "198.51.100.1,true,something outside",
    "127.0.0.1,false,the loopback",
    "0.0.0.0,false,any",
    "169.254.169.254,false,link-local",
    "224.0.0.1,false,multicast",
    "fe80::1,false,link-local",
    "fd00::2,true,the namespace's own pod",
    "fd00:0:0::0003,false,another's pod however its address is written",
    "::ffff:10.244.0.3,false,another's pod in a form of the other family",
    "example.com,false,a name"
  })
  void aNamespaceReachesItsOwnPodsAndWhatIsOutside(String address, boolean may, String why) {
    List<Pod> pods =
        List.of(
            pod("mine", "Running", "10.244.0.2"),
            pod("other", "Running", "10.244.0.3"),
            pod("mine", "Running", "fd00::2"),
            pod("other", "Running", "fd00::3"),
            pod("other", "Succeeded", "10.244.0.4"),
            pod("mine", "Running", "10.244.0.4"),
            pod("mine", "Running", "192.0.2.1"));
    Reach reach =
        new Reach(
            asked -> pods.stream().filter(each -> Reach.addresses(each).contains(asked)).toList(),
            asked -> asked.startsWith("192.0.2."));
    assertThat(reach.allows("mine", address)).as(why).isEqualTo(may);
  }
}
