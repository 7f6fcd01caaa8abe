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

class StorageSystemRulesTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "rbd | {} | v.rbd.monitors: Required value, v.rbd.image: Required value",
        "gcePersistentDisk | {'pdName':'a','partition':-1} | v.persistentDisk.partition: Invalid value: -1: must be between 1 and 255, inclusive",
        "awsElasticBlockStore | {'volumeID':'a','partition':0} | ''",
        "flexVolume | {'driver':'a','options':{'x.K8S.io/a':'b','other.io/a':'b'}} | v.flexVolume.options[x.K8S.io/a]: Invalid value: 'x.K8S.io/a': kubernetes.io and k8s.io namespaces are reserved",
        "gitRepo | {'repository':'a','directory':'../b'} | v.gitRepo.directory: Invalid value: '../b': must not contain '..'",
      })
  void aVolumeSaysWhereItsSystemFindsIt(String system, String volume, String expected) {
    String wanted = expected.equals("''") ? "" : expected;
    assertThat(problems(system, volume, false)).isEqualTo(wanted);
    assertThat(problems(system, volume, true)).isEqualTo(wanted);
  }

  @Test
  void aVolumeOfTheClusterNamesTheNamespaceOfWhatItRefersTo() {
    String cinder = "{'volumeID':'a','secretRef':{'name':'s'}}";
    String azure = "{'secretName':'a','shareName':'b','secretNamespace':''}";
    String gluster = "{'endpoints':'a','path':'b','endpointsNamespace':''}";
    assertThat(problems("cinder", cinder, true))
        .isEqualTo("v.cinder.secretRef.namespace: Required value");
    assertThat(problems("azureFile", azure, true))
        .isEqualTo("v.azureFile.secretNamespace: Required value");
    assertThat(problems("glusterfs", gluster, true)).contains("must be a valid namespace name");
    assertThat(problems("cinder", cinder, false)).isEmpty();
    assertThat(problems("azureFile", azure, false)).isEmpty();
    assertThat(problems("glusterfs", gluster, false)).isEmpty();
  }

  private static String problems(String system, String volume, boolean clusterWide) {
    JsonNode tree = Json.read(volume.replace('\'', '"').getBytes(StandardCharsets.UTF_8)).tree();
    List<FieldError> errors = new ArrayList<>();
    StorageSystemRules.check(system, new At(tree, "v." + system, errors), clusterWide);
    return String.join(", ", errors.stream().map(FieldError::toString).toList()).replace('"', '\'');
  }
}
