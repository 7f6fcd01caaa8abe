// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/// Rules of the group `storage.k8s.io`.
final class StorageRules {
  private static final int DRIVER_BYTES_MAX = 63;
  private static final int PARAMETERS_MAX = 512;

  private StorageRules() {}

  static void storageClass(At object) {
    provisioner(object.at("provisioner"));
    parameters(object.at("parameters"));
    object.at("reclaimPolicy").oneOf("Delete", "Retain");
    At mode = object.at("volumeBindingMode");
    if (!mode.isThere()) {
      mode.required("");
    } else {
      mode.oneOf("Immediate", "WaitForFirstConsumer");
    }
    int empty = object.at("allowedTopologies").value().size();
    Set<JsonNode> terms = new HashSet<>();
    for (At term : object.at("allowedTopologies").items()) {
      At expressions = term.at("matchLabelExpressions");
      Set<String> keys = new HashSet<>();
      for (At each : expressions.items()) {
        each.at("values").needs();
        each.at("values").unique();
        each.at("key").has(Formats::qualifiedName);
        if (!keys.add(each.at("key").text())) {
          each.at("key").duplicate();
        }
      }
      boolean again = !terms.add(expressions.value());
      // Kubernetes compares each term with as many empty ones as there are terms, too.
      for (int times = expressions.isEmpty() ? empty++ : again ? 1 : 0; times > 0; times--) {
        expressions.errors().add(FieldError.duplicate(expressions.path(), ""));
      }
    }
  }

  private static void provisioner(At provisioner) {
    if (provisioner.needs()) {
      String name = provisioner.text().toLowerCase(Locale.ROOT);
      for (String problem : Formats.qualifiedName(name)) {
        provisioner.errors().add(FieldError.invalid(provisioner.path(), name, problem));
      }
    }
  }

  private static void parameters(At parameters) {
    if (parameters.value().size() > PARAMETERS_MAX) {
      parameters.invalid("must have at most " + PARAMETERS_MAX + " parameters");
    }
    parameters
        .entries()
        .forEach(
            (key, each) -> {
              if (key.isEmpty()) {
                parameters.named(parameters.path()).invalidText("field can not be empty.");
              }
            });
  }

  /// The name of a driver.
  static void driver(At driver) {
    if (!driver.needs()) {
      return;
    }
    driver.maxBytes(DRIVER_BYTES_MAX);
    for (String problem : Formats.subdomain(driver.text().toLowerCase(Locale.ROOT))) {
      driver.invalidText(problem);
    }
  }

  static void csiDriver(At object) {
    At spec = object.at("spec");
    for (String flag : new String[] {"attachRequired", "podInfoOnMount", "storageCapacity"}) {
      At given = spec.at(flag);
      if (!given.isThere()) {
        given
            .named(flag.equals("attachRequired") ? "spec.attachedRequired" : given.path())
            .required("");
      }
    }
    spec.at("fsGroupPolicy").oneOf("File", "None", "ReadWriteOnceWithFSType");
    At requests = spec.at("tokenRequests");
    Set<String> audiences = new HashSet<>();
    for (At request : requests.items()) {
      At audience = request.at("audience");
      if (!audiences.add(audience.text())) {
        audience.duplicate();
      }
      At seconds = request.at("expirationSeconds");
      if (seconds.isThere() && seconds.number() < 600) {
        seconds.invalid("may not specify a duration less than 10 minutes");
      }
      if (seconds.isThere() && seconds.number() > 1L << 32) {
        seconds.invalid("may not specify a duration larger than 2^32 seconds");
      }
    }
    At modes = spec.at("volumeLifecycleModes");
    modes.items().forEach(mode -> mode.named(modes.path()).oneOf("Persistent", "Ephemeral"));
    At period = spec.at("nodeAllocatableUpdatePeriodSeconds");
    if (period.isThere() && period.number() < 10) {
      period.invalid("must be greater than or equal to 10 seconds");
    }
    At inSecrets = spec.at("serviceAccountTokenInSecrets");
    if (inSecrets.isThere() && requests.isEmpty()) {
      inSecrets.invalid("serviceAccountTokenInSecrets is set but no tokenRequests are specified");
    }
  }

  static void csiNode(At object) {
    Set<String> names = new HashSet<>();
    for (At driver : object.at("spec").at("drivers").items()) {
      driver(driver.at("name"));
      At node = driver.at("nodeID");
      if (node.needs() && node.text().length() > 256) {
        node.invalidText("must be 256 characters or less");
      }
      driver.at("allocatable").at("count").ifThere(At::nonNegative);
      if (!names.add(driver.at("name").text())) {
        driver.at("name").duplicate();
      }
      Set<String> keys = new HashSet<>();
      for (At each : driver.at("topologyKeys").items()) {
        At key = each.named(driver.path());
        key.needs();
        if (!keys.add(key.text())) {
          key.duplicate();
        }
        key.has(Formats::qualifiedName);
      }
    }
  }

  static void csiStorageCapacity(At object) {
    At topology = object.at("nodeTopology");
    if (topology.isThere()) {
      SelectorRules.check(topology);
    }
    object.at("storageClassName").has(Formats::subdomain);
    object.at("capacity").ifThere(At::nonNegativeQuantity);
  }

  static void volumeAttachment(At object) {
    At spec = object.at("spec");
    At attacher = spec.at("attacher");
    driver(attacher);
    At source = spec.at("source");
    At name = source.at("persistentVolumeName");
    At inline = source.at("inlineVolumeSpec");
    if (!name.isThere() && !inline.isThere()) {
      source.required("must specify exactly one of inlineVolumeSpec and persistentVolumeName");
    } else if (name.isThere() && inline.isThere()) {
      source.forbidden("must specify exactly one of inlineVolumeSpec and persistentVolumeName");
    } else if (name.isThere()) {
      name.needs("must specify non empty persistentVolumeName");
    } else {
      InlineVolumeRules.check(inline);
    }
    spec.at("nodeName").has(Formats::subdomain);
    name.ifThere(at -> at.has(Formats::subdomain));
  }

  static void attributesClass(At object) {
    provisioner(object.at("driverName"));
    At parameters = object.at("parameters");
    if (parameters.isEmpty()) {
      parameters.required("must contain at least one key/value pair");
    } else {
      parameters(parameters);
    }
  }
}
