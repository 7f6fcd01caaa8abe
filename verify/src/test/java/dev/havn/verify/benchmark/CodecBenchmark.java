// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.Json;
import dev.havn.schema.codec.Protobuf;
import dev.havn.schema.codec.Yaml;
import io.kubernetes.client.proto.V1Apps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// Bytes to trees and back; beside it Jackson for JSON, SnakeYAML Engine for YAML, and for protobuf
/// the classes of the official Java client, which are generated for each kind.
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx2g"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class CodecBenchmark {

  private final ObjectMapper jackson = new ObjectMapper();

  private final ObjectNode tree = Sample.tree();
  private final byte[] json = Sample.json();
  private final byte[] yaml = Sample.yaml();
  private final byte[] protobuf = Sample.protobuf();

  /// Without magic number and envelope, which the official client takes off before.
  private final byte[] message = Protobuf.message(tree, Sample.DEPLOYMENT);

  @Benchmark
  public JsonNode jsonRead() {
    return Json.read(json).tree();
  }

  @Benchmark
  public JsonNode jsonReadJackson() throws IOException {
    return jackson.readTree(json);
  }

  @Benchmark
  public byte[] jsonWrite() {
    return tree.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Benchmark
  public byte[] jsonWriteJackson() throws IOException {
    return jackson.writeValueAsBytes(tree);
  }

  @Benchmark
  public JsonNode yamlRead() {
    return Yaml.read(yaml);
  }

  @Benchmark
  public Object yamlReadSnake() {
    return new Load(LoadSettings.builder().build())
        .loadFromString(new String(yaml, StandardCharsets.UTF_8));
  }

  @Benchmark
  public String yamlWrite() {
    return Yaml.write(tree);
  }

  @Benchmark
  public JsonNode protobufRead() {
    return Protobuf.decode(Protobuf.open(protobuf), Sample.DEPLOYMENT);
  }

  @Benchmark
  public Object protobufReadOfficial() throws IOException {
    return V1Apps.Deployment.parseFrom(message);
  }

  @Benchmark
  public byte[] protobufWrite() {
    return Protobuf.message(tree, Sample.DEPLOYMENT);
  }
}
