// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static dev.havn.apiserver.DualStackServicesTest.shown;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Services in clusters whose own family is IPv6, alone or beside IPv4, as a kube-apiserver 1.36
/// answers.
class Ipv6ServicesTest {
  private static final String SERVICES = "/api/v1/namespaces/default/services";
  private static final String ALONE = "fd00:10:96::/112";
  private static final String BOTH = "fd00:10:96::/112,10.96.0.0/16";

  private static String create(TestApi api, String spec) {
    return shown(
        api.post(
            SERVICES,
            "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"ports\":[{\"port\":80}]%s}}"
                .formatted(spec.isEmpty() ? "" : "," + spec.replace('\'', '"'))));
  }

  private static String change(TestApi api, String spec, String changes) {
    String then = create(api, spec);
    for (String each : changes.split(";")) {
      String body = "{\"spec\":{%s}}".formatted(each.replace('\'', '"'));
      then = shown(api.patch("merge-patch+json", SERVICES + "/a", body));
    }
    return then;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        ALONE + " | [\"fd00:10:96::/112\"]",
        BOTH + " | [\"fd00:10:96::/112\",\"10.96.0.0/16\"]",
      },
      quoteCharacter = '^')
  void theClustersOwnServiceHasItsOwnFamily(String ranges, String cidrs) {
    TestApi api = TestApi.of(ranges);
    assertThat(shown(api.get(SERVICES + "/kubernetes"))).isEqualTo("SingleStack [IPv6] [6]");
    assertThat(
            api.get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes")
                .json()
                .at("/spec/cidrs")
                .toString())
        .isEqualTo(cidrs);
    api.server.advertise("fd00:9::1", 6443);
    assertThat(
            api.get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")
                .json()
                .path("addressType")
                .asText())
        .isEqualTo("IPv6");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "^^ | SingleStack [IPv6] [6] | SingleStack [IPv6] [6]",
        "'ipFamilyPolicy':'PreferDualStack' | PreferDualStack [IPv6] [6] | PreferDualStack [IPv6,IPv4] [6, 4]",
        "'ipFamilyPolicy':'RequireDualStack' | 422 Service \"a\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services | RequireDualStack [IPv6,IPv4] [6, 4]",
        "'ipFamilies':['IPv4'] | 422 Service \"a\" is invalid: spec.ipFamilies[0]: Invalid value: \"IPv4\": not configured on this cluster | SingleStack [IPv4] [4]",
        "'ipFamilies':['IPv6'] | SingleStack [IPv6] [6] | SingleStack [IPv6] [6]",
        "'ipFamilies':['IPv4','IPv6'],'ipFamilyPolicy':'PreferDualStack' | 422 Service \"a\" is invalid: spec.ipFamilies[0]: Invalid value: \"IPv4\": not configured on this cluster | PreferDualStack [IPv4,IPv6] [4, 6]",
        "'clusterIP':'10.96.0.99' | 422 Service \"a\" is invalid: spec.clusterIPs[0]: Invalid value: [\"10.96.0.99\"]: IPv4 is not configured on this cluster | SingleStack [IPv4] [4]",
        "'clusterIP':'fd00:10:96::99' | SingleStack [IPv6] [6] | SingleStack [IPv6] [6]",
        "'clusterIP':'fd00:10:96::1' | 422 Service \"a\" is invalid: spec.clusterIPs: Invalid value: [\"fd00:10:96::1\"]: failed to allocate IP fd00:10:96::1: provided IP is already allocated | 422 Service \"a\" is invalid: spec.clusterIPs: Invalid value: [\"fd00:10:96::1\"]: failed to allocate IP fd00:10:96::1: provided IP is already allocated",
        "'clusterIP':'None' | RequireDualStack [IPv6,IPv4] [None] | RequireDualStack [IPv6,IPv4] [None]",
        "'clusterIP':'None','selector':{'a':'b'} | SingleStack [IPv6] [None] | SingleStack [IPv6] [None]",
        "'clusterIP':'None','selector':{'a':'b'},'ipFamilyPolicy':'PreferDualStack' | PreferDualStack [IPv6] [None] | PreferDualStack [IPv6,IPv4] [None]",
        "'type':'LoadBalancer','loadBalancerIP':'10.0.0.1' | SingleStack [IPv6] [6] | SingleStack [IPv6] [6]",
        "'type':'NodePort','ipFamilyPolicy':'PreferDualStack' | PreferDualStack [IPv6] [6] | PreferDualStack [IPv6,IPv4] [6, 4]",
      })
  void whatIsNotSaidIsChosen(String spec, String alone, String besideIpv4) {
    assertThat(create(TestApi.of(ALONE), spec)).isEqualTo(alone);
    assertThat(create(TestApi.of(BOTH), spec)).isEqualTo(besideIpv4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "^^ | 'ipFamilyPolicy':'PreferDualStack' | PreferDualStack [IPv6] [6] | PreferDualStack [IPv6,IPv4] [6, 4]",
        "^^ | 'ipFamilyPolicy':'RequireDualStack' | 422 Service \"a\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services | RequireDualStack [IPv6,IPv4] [6, 4]",
        "'ipFamilyPolicy':'PreferDualStack' | 'ipFamilyPolicy':'SingleStack' | SingleStack [IPv6] [6] | SingleStack [IPv6] [6]",
        "'ipFamilyPolicy':'PreferDualStack' | 'type':'ExternalName','externalName':'a.b';'type':'ClusterIP','externalName':null | SingleStack [IPv6] [6] | SingleStack [IPv6] [6]",
      })
  void aFamilyComesAndGoes(String spec, String changes, String alone, String besideIpv4) {
    assertThat(change(TestApi.of(ALONE), spec, changes)).isEqualTo(alone);
    assertThat(change(TestApi.of(BOTH), spec, changes)).isEqualTo(besideIpv4);
  }
}
