// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Services in a cluster that has addresses of both families, as a kube-apiserver 1.36 answers.
class DualStackServicesTest {
  private static final String SERVICES = "/api/v1/namespaces/default/services";
  private static final String ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses";

  private final TestApi api = TestApi.of("10.96.0.0/16,fd00:10:96::/112");

  private TestApi.Answer create(String spec) {
    return api.post(
        SERVICES,
        "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"ports\":[{\"port\":80}]%s}}"
            .formatted(spec.isEmpty() ? "" : "," + spec.replace('\'', '"')));
  }

  private TestApi.Answer change(String spec) {
    return api.patch(
        "merge-patch+json", SERVICES + "/a", "{\"spec\":{%s}}".formatted(spec.replace('\'', '"')));
  }

  static String shown(TestApi.Answer answer) {
    if (answer.status() >= 400) {
      return answer.status() + " " + answer.message();
    }
    JsonNode spec = answer.json().path("spec");
    List<String> kinds = new ArrayList<>();
    spec.path("clusterIPs")
        .forEach(
            each ->
                kinds.add(
                    each.asText().equals("None")
                        ? "None"
                        : each.asText().contains(":") ? "6" : "4"));
    assertThat(spec.path("clusterIP").asText()).isEqualTo(spec.path("clusterIPs").path(0).asText());
    return "%s %s %s"
        .formatted(
            spec.path("ipFamilyPolicy").asText(),
            spec.path("ipFamilies").isMissingNode()
                ? "[]"
                : spec.path("ipFamilies").toString().replace("\"", ""),
            kinds)
        .strip();
  }

  private List<String> addresses() {
    List<String> names = new ArrayList<>();
    api.get(ADDRESSES)
        .json()
        .path("items")
        .forEach(each -> names.add(each.at("/metadata/name").asText()));
    return names;
  }

  @Test
  void theClusterHasARangeOfEachFamilyAndItsOwnServiceOne() {
    assertThat(
            api.get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes")
                .json()
                .at("/spec/cidrs")
                .toString())
        .isEqualTo("[\"10.96.0.0/16\",\"fd00:10:96::/112\"]");
    assertThat(shown(api.get(SERVICES + "/kubernetes"))).isEqualTo("SingleStack [IPv4] [4]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | SingleStack [IPv4] [4]",
        "\"clusterIP\":\"None\",\"ipFamilies\":[\"IPv6\"] | RequireDualStack [IPv6,IPv4] [None]",
        "\"ipFamilyPolicy\":\"PreferDualStack\" | PreferDualStack [IPv4,IPv6] [4, 6]",
        "\"ipFamilyPolicy\":\"RequireDualStack\" | RequireDualStack [IPv4,IPv6] [4, 6]",
        "\"ipFamilies\":[\"IPv6\"] | SingleStack [IPv6] [6]",
        "\"ipFamilyPolicy\":\"PreferDualStack\",\"ipFamilies\":[\"IPv6\"] | PreferDualStack [IPv6,IPv4] [6, 4]",
        "\"clusterIP\":\"fd00:10:96::99\" | SingleStack [IPv6] [6]",
        "\"clusterIP\":\"None\",\"selector\":{\"a\":\"b\"} | SingleStack [IPv4] [None]",
        "\"clusterIP\":\"None\",\"selector\":{\"a\":\"b\"},\"ipFamilyPolicy\":\"PreferDualStack\" | PreferDualStack [IPv4,IPv6] [None]",
        "\"clusterIP\":\"None\" | RequireDualStack [IPv4,IPv6] [None]",
        "\"ipFamilyPolicy\":\"RequireDualStack\",\"clusterIPs\":[\"fd00:10:96::99\",\"10.96.9.9\"] | RequireDualStack [IPv6,IPv4] [6, 4]",
      })
  void whatIsNotSaidIsChosen(String spec, String chosen) {
    String text = spec;
    if (spec.contains("clusterIPs")) {
      text = spec + ",\"clusterIP\":\"fd00:10:96::99\"";
    }
    assertThat(shown(create(text))).isEqualTo(chosen);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'ipFamilyPolicy':'SingleStack','ipFamilies':['IPv4','IPv6'] | spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
        "'clusterIP':'fd00:10:97::1' | spec.clusterIPs: Invalid value: [\"fd00:10:97::1\"]: failed to allocate IP fd00:10:97::1: the provided network does not match the current range",
        "'clusterIP':'fd00:10:96::' | spec.clusterIPs: Invalid value: [\"fd00:10:96::\"]: failed to allocate IP fd00:10:96::: the provided network does not match the current range",
        "'ipFamilies':['IPv6'],'clusterIP':'10.96.3.3' | spec.clusterIPs[0]: Invalid value: \"10.96.3.3\": expected an IPv6 value as indicated by `ipFamilies[0]`",
      },
      quoteCharacter = '^')
  void whatCannotBeIsRefused(String spec, String why) {
    assertThat(shown(create(spec))).isEqualTo("422 Service \"a\" is invalid: " + why);
  }

  @Test
  void addressesOfBothFamiliesAreNotedAndGivenBack() {
    create("'ipFamilyPolicy':'RequireDualStack'");
    assertThat(addresses()).hasSize(3).anyMatch(each -> each.startsWith("fd00:10:96::"));
    String second =
        addresses().stream().filter(each -> each.contains(":")).findFirst().orElseThrow();
    assertThat(
            api.get(ADDRESSES + "/" + second)
                .json()
                .at("/metadata/labels/ipaddress.kubernetes.io~1ip-family")
                .asText())
        .isEqualTo("IPv6");
    api.time.advance(Duration.ofMinutes(10));
    assertThat(addresses()).hasSize(3);
    api.delete(SERVICES + "/a");
    assertThat(addresses()).containsExactly("10.96.0.1");
  }

  @Test
  void anAddressIsOneHoweverItIsWritten() {
    create("'clusterIP':'fd00:10:96::77'");
    assertThat(
            api.post(
                    SERVICES,
                    "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"ports\":[{\"port\":80}],\"clusterIP\":\"fd00:0010:96::0077\"}}")
                .message())
        .endsWith("provided IP is already allocated");
  }

  @Test
  void aSecondFamilyComesAndGoesWithThePolicy() {
    String first = create("").json().at("/spec/clusterIP").asText();
    TestApi.Answer both = change("'ipFamilyPolicy':'RequireDualStack'");
    assertThat(shown(both)).isEqualTo("RequireDualStack [IPv4,IPv6] [4, 6]");
    assertThat(both.json().at("/spec/clusterIP").asText()).isEqualTo(first);
    assertThat(addresses()).hasSize(3);
    assertThat(shown(change("'ipFamilyPolicy':'SingleStack'"))).isEqualTo("SingleStack [IPv4] [4]");
    assertThat(addresses()).containsExactlyInAnyOrder("10.96.0.1", first);
  }

  /// @param changes what is changed, one after the other
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "'ipFamilyPolicy':'RequireDualStack' | 'ipFamilies':['IPv4'] | 422 Service \"a\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be 'SingleStack' to release the secondary IP family",
        "'ipFamilyPolicy':'PreferDualStack' | 'ipFamilies':['IPv4'],'clusterIPs':null,'clusterIP':null | 422 Service \"a\" is invalid: spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be 'SingleStack' to release the secondary IP family",
        "'ipFamilyPolicy':'PreferDualStack' | 'ipFamilies':['IPv4'],'ipFamilyPolicy':'SingleStack' | SingleStack [IPv4] [4]",
        "'ipFamilyPolicy':'RequireDualStack' | 'ipFamilyPolicy':null | RequireDualStack [IPv4,IPv6] [4, 6]",
        "'ipFamilyPolicy':'RequireDualStack' | 'ipFamilies':null | RequireDualStack [IPv4,IPv6] [4, 6]",
        "'ipFamilyPolicy':'RequireDualStack' | 'type':'ExternalName','externalName':'a.b' | [] []",
        "'ipFamilyPolicy':'RequireDualStack' | 'type':'ExternalName','externalName':'a.b';'type':'ClusterIP','externalName':null | SingleStack [IPv4] [4]",
        "'selector':{} | 'ipFamilies':['IPv4','IPv6'] | 422 Service \"a\" is invalid: spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
        "'selector':{} | 'ipFamilyPolicy':'RequireDualStack';'type':'NodePort';'ipFamilyPolicy':'SingleStack' | SingleStack [IPv4] [4]",
        "'clusterIP':'None','selector':{'a':'b'} | 'ipFamilyPolicy':'RequireDualStack' | RequireDualStack [IPv4,IPv6] [None]",
        "'clusterIP':'None','selector':{'a':'b'} | 'ipFamilyPolicy':'RequireDualStack';'ipFamilyPolicy':'SingleStack';'ipFamilies':['IPv6'] | SingleStack [IPv6] [None]",
      })
  void aFamilyComesAndGoesOnlyWhenThatIsMeant(String spec, String changes, String then) {
    TestApi.Answer answer = create(spec);
    for (String each : changes.split(";")) {
      answer = change(each);
    }
    assertThat(shown(answer)).isEqualTo(then.strip());
  }

  @Test
  void whatAServiceHasStays() {
    String first =
        create("'ipFamilyPolicy':'RequireDualStack'").json().at("/spec/clusterIP").asText();
    assertThat(shown(change("'clusterIPs':['%s','fd00:10:96::77']".formatted(first))))
        .startsWith("422 Service \"a\" is invalid: spec.clusterIPs[1]: Invalid value: ")
        .endsWith("may not change once set");
    assertThat(shown(change("'clusterIPs':['%s']".formatted(first))))
        .endsWith("must be 'SingleStack' to release the secondary cluster IP");
    assertThat(shown(change("'ipFamilies':['IPv6','IPv4']")))
        .contains("expected an IPv6 value as indicated by `ipFamilies[0]`");
  }
}
