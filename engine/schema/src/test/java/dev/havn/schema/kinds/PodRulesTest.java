// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodRulesTest {
  private static final String CONTAINER =
      "'name':'a','image':'a','imagePullPolicy':'Always','terminationMessagePolicy':'File'";
  private static final String SPEC =
      "'restartPolicy':'Always','dnsPolicy':'Default','terminationGracePeriodSeconds':30";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "'hostNetwork':true,'hostUsers':false | spec.hostNetwork: Forbidden: when `hostUsers` is false",
        "'hostPID':true,'hostUsers':false | spec.HostPID: Forbidden: when `hostUsers` is false",
        "'os':{'name':'windows'},'hostPID':true | spec.hostPID: Forbidden: cannot be set for a windows pod",
        "'os':{'name':'windows'},'securityContext':{'fsGroup':1} | spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
        "'os':{'name':'linux'},'securityContext':{'windowsOptions':{}} | spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
        "'securityContext':{'windowsOptions':{'hostProcess':true}} | spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
        "'securityContext':{'windowsOptions':{'runAsUserName':'a\\\\b\\\\c'}} | spec.securityContext.windowsOptions.runAsUserName: Invalid value: 'a\\\\b\\\\c': runAsUserName cannot contain more than one backslash",
        "'securityContext':{'windowsOptions':{'runAsUserName':'..'}} | spec.securityContext.windowsOptions.runAsUserName: Invalid value: '..': runAsUserName's User cannot contain only periods or spaces",
        "'dnsConfig':{'searches':['a_b','.']} | ''",
        "'dnsConfig':{'nameservers':['1.1.1.1','1.1.1.2','1.1.1.3','1.1.1.4']} | spec.dnsConfig.nameservers: Invalid value: ['1.1.1.1','1.1.1.2','1.1.1.3','1.1.1.4']: must not have more than 3 nameservers",
      })
  void aPodDoesNotAskForWhatItCannotHave(String more, String expected) {
    assertThat(problems("{}", more, "")).isEqualTo(expected.equals("''") ? "" : expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "'volumeDevices':[{'name':'c','devicePath':'/x'}] | ''",
        "'volumeDevices':[{'name':'e','devicePath':'/x'}] | spec.containers[0].volumeDevices[0].name: Invalid value: 'e': can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
        "'volumeDevices':[{'name':'c','devicePath':'/x'}],'volumeMounts':[{'name':'e','mountPath':'/x'}] | spec.containers[0].volumeMounts[0].mountPath: Invalid value: '/x': must not already exist as a path in volumeDevices, spec.containers[0].volumeDevices[0].devicePath: Invalid value: '/x': must not already exist as a path in volumeMounts",
        "'lifecycle':{'preStop':{'sleep':{'seconds':31}}} | spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
        "'lifecycle':{'preStop':{'exec':{'command':['a']},'sleep':{'seconds':31}}} | spec.containers[0].lifecycle.preStop.sleep: Forbidden: may not specify more than 1 handler type",
      })
  void aContainerFindsDevicesAndEndsInTime(String more, String expected) {
    String volumes =
        "'volumes':[{'name':'c','persistentVolumeClaim':{'claimName':'c'}},{'name':'e','emptyDir':{}}]";
    assertThat(problems("{}", volumes, more)).isEqualTo(expected.equals("''") ? "" : expected);
  }

  @ParameterizedTest
  @CsvSource({
    "1, true", "0, true", "-0, true", "-05, true", "2147483647, true",
    "01, false", "+1, false", "-, false", "2147483648, false", "x, false"
  })
  void aCostIsANumberAsGoReadsIt(String cost, boolean taken) {
    String annotation = "{'controller.kubernetes.io/pod-deletion-cost':'" + cost + "'}";
    String problems = problems(annotation, "'hostIPC':false", "");
    if (taken) {
      assertThat(problems).isEmpty();
    } else {
      assertThat(problems).endsWith("must be a 32bit integer");
    }
  }

  @Test
  void annotationsFromBeforeThereWereFieldsAreStillRead() {
    assertThat(problems("{'kubernetes.io/config.mirror':'x'}", "'hostIPC':false", ""))
        .endsWith("must set spec.nodeName if mirror pod annotation is set");
    assertThat(problems("{'kubernetes.io/config.mirror':'x'}", "'nodeName':'n'", "")).isEmpty();
    assertThat(
            problems(
                "{'container.apparmor.security.beta.kubernetes.io/b':'x'}", "'hostIPC':false", ""))
        .contains("'b': container not found")
        .endsWith("invalid AppArmor profile name: 'x'");
    assertThat(
            problems(
                "{'seccomp.security.alpha.kubernetes.io/pod':'localhost/../a'}",
                "'hostIPC':false",
                ""))
        .endsWith("'../a': must not contain '..'");
  }

  private static String problems(String annotations, String spec, String container) {
    String pod =
        "{'metadata':{'annotations':%s},'spec':{%s,%s,'containers':[{%s%s}]}}"
            .formatted(
                annotations, SPEC, spec, CONTAINER, container.isEmpty() ? "" : "," + container);
    JsonNode tree = Json.read(pod.replace('\'', '"').getBytes(StandardCharsets.UTF_8)).tree();
    List<FieldError> errors = new ArrayList<>();
    PodRules.pod(At.root(tree, errors));
    return String.join(", ", errors.stream().map(FieldError::toString).toList()).replace('"', '\'');
  }
}
