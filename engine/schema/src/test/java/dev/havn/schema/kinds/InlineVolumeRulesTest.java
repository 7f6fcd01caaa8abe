// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InlineVolumeRulesTest {
  private static final Schema.Struct ATTACHMENT =
      BuiltinTypes.load().struct("io.k8s.api.storage.v1.VolumeAttachment");

  private static ObjectNode attachment(String volume) {
    String yaml =
        "metadata: {name: a}\nspec: {attacher: a, nodeName: n, source: {inlineVolumeSpec: {%s}}}"
            .formatted(volume);
    ObjectNode object = (ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8));
    Defaults.apply("VolumeAttachment", object, ATTACHMENT);
    return object;
  }

  @Test
  void nothingIsChosenForAVolumeThatHasNoObject() {
    assertThat(attachment("").at("/spec/source/inlineVolumeSpec")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | csi accessModes ''",
        "csi: {driver: d, volumeHandle: h} | accessModes",
        "csi: {driver: d, volumeHandle: h}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Retain, volumeMode: Filesystem | ''",
        "csi: {driver: d, volumeHandle: h}, accessModes: [ReadWriteOnce], claimRef: {}, capacity: {storage: 1Gi}, persistentVolumeReclaimPolicy: Delete, nodeAffinity: {}, storageClassName: a, volumeMode: Block | claimRef capacity persistentVolumeReclaimPolicy nodeAffinity storageClassName volumeMode",
      })
  void aVolumeOfItsAttachmentComesFromADriverAndIsNoMore(String volume, String fields) {
    String wrong =
        Rules.onCreate("VolumeAttachment", attachment(volume.replace("''", "")), ATTACHMENT)
            .stream()
            .map(FieldError::field)
            .map(each -> each.replaceFirst("^spec\\.source\\.inlineVolumeSpec\\.?", ""))
            .map(each -> each.isEmpty() ? "''" : each)
            .reduce((one, other) -> one + " " + other)
            .orElse("''");
    assertThat(wrong).isEqualTo(fields.isEmpty() ? "''" : fields);
  }
}
