// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The kinds of Kubernetes itself, read from the resource that the build made of the published
/// model (`docs/formats/types.md`).
public final class BuiltinTypes {
  private static final int FORMAT = 3;

  private final Map<String, Schema.Struct> structs;
  private final List<ResourceType> resources;

  /// Of alpha versions.
  private final List<ResourceType> optional;

  private BuiltinTypes(
      Map<String, Schema.Struct> structs,
      List<ResourceType> resources,
      List<ResourceType> optional) {
    this.structs = structs;
    this.resources = resources;
    this.optional = optional;
  }

  /// Reads the resource; takes some milliseconds, so do it once.
  public static BuiltinTypes load() {
    try (InputStream resource = BuiltinTypes.class.getResourceAsStream("types.bin")) {
      if (resource == null) {
        throw new AssertionError("types.bin is not on the class path");
      }
      return new Reader(new DataInputStream(new BufferedInputStream(resource, 1 << 16))).read();
    } catch (IOException e) {
      throw new UncheckedIOException("types.bin", e);
    }
  }

  /// In the order of discovery, without those that somebody has to ask for.
  public List<ResourceType> resources() {
    return resources;
  }

  /// The group versions that somebody has to ask for, such as `internal.apiserver.k8s.io/v1alpha1`.
  public Set<String> optionalVersions() {
    return optional.stream().map(ResourceType::apiVersion).collect(Collectors.toSet());
  }

  /// The same with resources of group versions that somebody asks for.
  ///
  /// @param wanted tells these from the others
  public BuiltinTypes with(Predicate<String> wanted) {
    List<ResourceType> asked =
        optional.stream().filter(type -> wanted.test(type.apiVersion())).toList();
    if (asked.isEmpty()) {
      return this;
    }
    List<ResourceType> all = new ArrayList<>(resources);
    all.addAll(asked);
    return new BuiltinTypes(structs, List.copyOf(all), List.of());
  }

  /// By OpenAPI definition name, such as `io.k8s.api.core.v1.Pod`; null when there is none.
  public Schema.@Nullable Struct struct(String definition) {
    return structs.get(definition);
  }

  public Map<String, Schema.Struct> structs() {
    return structs;
  }

  private static final class Reader {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final DataInputStream in;
    private String[] strings = {};
    private Schema.Struct[] structs = {};

    /// Structs that are owned otherwise where one field has them, with those they are like.
    private final Map<Schema.Struct, Schema.Struct> granular = new IdentityHashMap<>();

    Reader(DataInputStream in) {
      this.in = in;
    }

    BuiltinTypes read() throws IOException {
      int format = in.readUnsignedByte();
      if (format != FORMAT) {
        throw new IOException("format " + format + ", expected " + FORMAT);
      }
      strings = new String[in.readUnsignedShort()];
      for (int i = 0; i < strings.length; i++) {
        strings[i] = in.readUTF();
      }
      structs = new Schema.Struct[in.readUnsignedShort()];
      Map<String, Schema.Struct> byName = new LinkedHashMap<>();
      for (int i = 0; i < structs.length; i++) {
        structs[i] = new Schema.Struct(string());
        byName.put(structs[i].name(), structs[i]);
      }
      for (Schema.Struct struct : structs) {
        complete(struct);
      }
      granular.forEach((copy, of) -> copy.complete(of.fields(), false, of.preserveUnknownFields()));
      List<ResourceType> resources = new ArrayList<>();
      for (int left = in.readUnsignedShort(); left > 0; left--) {
        resources.add(resource());
      }
      Map<Boolean, List<ResourceType>> byAlpha =
          resources.stream()
              .collect(Collectors.partitioningBy(type -> type.version().contains("alpha")));
      return new BuiltinTypes(
          Collections.unmodifiableMap(byName),
          List.copyOf(byAlpha.getOrDefault(false, List.of())),
          List.copyOf(byAlpha.getOrDefault(true, List.of())));
    }

    private String string() throws IOException {
      return strings[in.readUnsignedShort()];
    }

    private List<String> strings() throws IOException {
      String[] texts = new String[in.readUnsignedByte()];
      for (int i = 0; i < texts.length; i++) {
        texts[i] = string();
      }
      return List.of(texts);
    }

    private void complete(Schema.Struct struct) throws IOException {
      boolean atomic = in.readBoolean();
      Map<String, Schema.Field> fields = new TreeMap<>();
      for (int left = in.readUnsignedShort(); left > 0; left--) {
        Schema.Field field = field();
        fields.put(field.name(), field);
      }
      struct.complete(Collections.unmodifiableMap(fields), atomic, false);
    }

    private Schema.Field field() throws IOException {
      String name = string();
      Schema schema = schema();
      boolean required = in.readBoolean();
      int number = in.readUnsignedShort();
      Integer[] embedding = new Integer[in.readUnsignedByte()];
      for (int i = 0; i < embedding.length; i++) {
        embedding[i] = in.readUnsignedShort();
      }
      String defaultValue = string();
      Schema.PatchStrategy patch = Schema.PatchStrategy.valueOf(string());
      String mergeKey = string();
      return new Schema.Field(
          name,
          schema,
          required,
          number,
          List.of(embedding),
          defaultValue.isEmpty() ? null : json(defaultValue),
          patch,
          mergeKey.isEmpty() ? null : mergeKey,
          Schema.Zero.valueOf(string()));
    }

    private static JsonNode json(String text) throws JsonProcessingException {
      return JSON.readTree(text);
    }

    private Schema schema() throws IOException {
      int tag = in.readUnsignedByte();
      return switch (tag) {
        case 0 -> structs[in.readUnsignedShort()];
        case 1 -> {
          boolean atomic = in.readBoolean();
          yield new Schema.MapOf(schema(), atomic);
        }
        case 2 -> {
          Schema.ListType type =
              switch (string()) {
                case "set" -> Schema.ListType.SET;
                case "map" -> Schema.ListType.MAP;
                default -> Schema.ListType.ATOMIC;
              };
          List<String> keys = strings();
          yield new Schema.ListOf(schema(), type, keys);
        }
        case 3 ->
            new Schema.Scalar(Schema.ScalarType.valueOf(string()), string(), strings(), string());
        case 5 -> {
          Schema.Struct of = structs[in.readUnsignedShort()];
          Schema.Struct copy = new Schema.Struct(of.name());
          granular.put(copy, of);
          yield copy;
        }
        case 4 -> new Schema.Any(Schema.Wire.valueOf(string()));
        default -> throw new IOException("unknown schema tag " + tag);
      };
    }

    private ResourceType resource() throws IOException {
      String group = string();
      String version = string();
      String kind = string();
      String plural = string();
      String singular = string();
      List<String> shortNames = strings();
      List<String> categories = strings();
      boolean namespaced = in.readBoolean();
      List<String> verbs = strings();
      List<ResourceType.Subresource> subresources = new ArrayList<>();
      for (int left = in.readUnsignedByte(); left > 0; left--) {
        subresources.add(
            new ResourceType.Subresource(
                string(), string(), string(), string(), new TreeSet<>(strings())));
      }
      return new ResourceType(
          group,
          version,
          kind,
          plural,
          singular,
          shortNames,
          categories,
          namespaced,
          new TreeSet<>(verbs),
          List.copyOf(subresources),
          structs[in.readUnsignedShort()]);
    }
  }
}
