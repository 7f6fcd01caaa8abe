// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.apply.ManagedFields;
import dev.havn.schema.patch.JsonPatch;
import dev.havn.schema.patch.MergePatch;
import dev.havn.schema.patch.StrategicMergePatch;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What patches and apply cost on a Deployment, beside a copy of its tree, which each of them
/// makes.
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx2g"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class MergeBenchmark {
  private static final ManagedFields.Writer KUBECTL =
      new ManagedFields.Writer("kubectl", "apps/v1", "", "2026-01-01T00:00:00Z");

  private final ObjectNode live = Sample.tree();
  private final ObjectNode applied =
      ManagedFields.applied(
          JSON.createObjectNode(), live, Sample.DEPLOYMENT, KUBECTL, false, Set.of());
  private final ObjectNode changed = changed();
  private final ObjectNode image =
      tree(
          "{'spec':{'template':{'spec':{'containers':[{'name':'web','image':'example/web:2'}]}}}}");
  private final ObjectNode replicas = tree("{'spec':{'replicas':5}}");
  private final JsonNode operations =
      tree("{'all':[{'op':'replace','path':'/spec/replicas','value':5}]}").get("all");

  private static final ObjectMapper JSON = new ObjectMapper();

  private static ObjectNode tree(String text) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(text.replace('\'', '"'));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ObjectNode changed() {
    ObjectNode changed = Sample.tree();
    changed.withObjectProperty("spec").put("replicas", 5);
    return changed;
  }

  @Benchmark
  public JsonNode copy() {
    return live.deepCopy();
  }

  @Benchmark
  public JsonNode strategicMergePatch() {
    return StrategicMergePatch.apply(live, image, Sample.DEPLOYMENT);
  }

  @Benchmark
  public JsonNode mergePatch() {
    return MergePatch.apply(live, replicas);
  }

  @Benchmark
  public JsonNode jsonPatch() {
    return JsonPatch.apply(live, operations);
  }

  @Benchmark
  public JsonNode managedFieldsOfAnUpdate() {
    return ManagedFields.updated(applied, changed, Sample.DEPLOYMENT, KUBECTL, Set.of());
  }

  @Benchmark
  public JsonNode serverSideApply() {
    return ManagedFields.applied(applied, changed, Sample.DEPLOYMENT, KUBECTL, false, Set.of());
  }
}
