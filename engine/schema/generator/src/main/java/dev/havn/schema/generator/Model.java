// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.generator;

import com.google.gson.annotations.SerializedName;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.kubernetes.client.custom.IntOrString;
import io.kubernetes.client.custom.Quantity;
import io.swagger.annotations.ApiModel;
import io.swagger.annotations.ApiModelProperty;
import jakarta.annotation.Nonnull;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Walks Java model and protobuf message side by side, from the served kinds down, and notes each
/// definition once.
final class Model {
  private static final String MODELS = "io.kubernetes.client.openapi.models.";
  private static final Pattern WORD =
      Pattern.compile("(\\w+)=((?:[^ (\"]|\\([^)]*\\)|\"[^\"]*\")+)");

  private final Overlay overlay;
  private final List<String> missing = new ArrayList<>();
  private final Map<String, Shape.Struct> structs = new LinkedHashMap<>();

  Model(Overlay overlay) {
    this.overlay = overlay;
  }

  Map<String, Shape.Struct> structs() {
    return structs;
  }

  /// JSON fields for which the protobuf message has no counterpart; none are expected.
  List<String> missing() {
    return missing;
  }

  /// The Java class of a kind; where several groups have a kind of one name the class carries the
  /// group.
  static Class<?> modelClass(String group, String version, String kind) {
    String prefix = version.substring(0, 1).toUpperCase(Locale.ROOT) + version.substring(1);
    String first = group.isEmpty() ? "core" : group.split("\\.")[0];
    String owner = first.substring(0, 1).toUpperCase(Locale.ROOT) + first.substring(1);
    return named(owner + prefix + kind)
        .or(() -> named(prefix + kind))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no model class for " + group + "/" + version + " " + kind));
  }

  private static Optional<Class<?>> named(String simpleName) {
    try {
      return Optional.of(Class.forName(MODELS + simpleName));
    } catch (ClassNotFoundException none) {
      return Optional.empty();
    }
  }

  /// Adds a definition and all it refers to.
  void add(String definition, Class<?> type, Optional<Descriptor> message) {
    if (structs.containsKey(definition)) {
      return;
    }
    @Nullable ApiModel model = type.getAnnotation(ApiModel.class);
    List<Shape.Field> fields = new ArrayList<>();
    structs.put(
        definition,
        new Shape.Struct(
            definition,
            model == null ? "" : model.description(),
            words(definition, ".").getOrDefault("map", "").equals("atomic"),
            fields));
    Map<String, Descriptors.Located> numbers = message.map(Descriptors::fields).orElse(Map.of());
    for (java.lang.reflect.Field field : type.getDeclaredFields()) {
      @Nullable SerializedName name = field.getAnnotation(SerializedName.class);
      if (name != null) {
        Optional<Descriptors.Located> located =
            Optional.ofNullable(numbers.get(name.value().toLowerCase(Locale.ROOT)));
        if (message.isPresent() && located.isEmpty() && !isTypeMeta(name.value())) {
          missing.add(definition + "." + name.value());
        }
        fields.add(field(definition, type, field, name.value(), located));
      }
    }
    fields.sort(Comparator.comparing(Shape.Field::name));
  }

  private static boolean isTypeMeta(String name) {
    return name.equals("apiVersion") || name.equals("kind");
  }

  private Shape.Field field(
      String definition,
      Class<?> owner,
      java.lang.reflect.Field field,
      String name,
      Optional<Descriptors.Located> located) {
    Map<String, String> words = words(definition, name);
    Shape shape =
        shape(definition, field.getGenericType(), words, located.map(Descriptors.Located::field));
    String patch = words.getOrDefault("patch", "none");
    Matcher key = Pattern.compile("([a-zA-Z,]+)(?:\\((.*)\\))?").matcher(patch);
    if (!key.matches()) {
      throw new IllegalStateException(definition + "." + name + ": patch=" + patch);
    }
    return new Shape.Field(
        name,
        shape,
        field.isAnnotationPresent(Nonnull.class),
        located
            .map(l -> l.field().getNumber())
            .orElse(Integer.parseInt(words.getOrDefault("number", "0"))),
        located.map(Descriptors.Located::embedding).orElse(List.of()),
        overlay.defaultOf(definition, name),
        strategy(key.group(1)),
        key.group(2) == null ? "" : key.group(2),
        words.getOrDefault("zero", "dropped").toUpperCase(Locale.ROOT),
        description(owner, name));
  }

  private static String strategy(String text) {
    return switch (text) {
      case "none" -> "NONE";
      case "replace" -> "REPLACE";
      case "merge" -> "MERGE";
      case "retainKeys" -> "RETAIN_KEYS";
      case "merge,retainKeys" -> "MERGE_RETAIN_KEYS";
      default -> throw new IllegalStateException("patch strategy " + text);
    };
  }

  private Shape shape(
      String definition, Type type, Map<String, String> words, Optional<FieldDescriptor> proto) {
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      if (generic.getRawType() == List.class) {
        Matcher list =
            Pattern.compile("(\\w+)(?:\\((.*)\\))?").matcher(words.getOrDefault("list", "atomic"));
        if (!list.matches()) {
          throw new IllegalStateException(definition + ": " + words);
        }
        List<String> keys = list.group(2) == null ? List.of() : List.of(list.group(2).split(","));
        Map<String, String> ofItems = new LinkedHashMap<>(words);
        ofItems.remove("list");
        return new Shape.ListOf(
            shape(definition, arguments[0], ofItems, proto), list.group(1), keys);
      }
      Optional<FieldDescriptor> values =
          proto
              .filter(FieldDescriptor::isMapField)
              .map(map -> map.getMessageType().findFieldByName("value"));
      return new Shape.MapOf(
          shape(definition, arguments[1], words, values),
          words.getOrDefault("map", "").equals("atomic"));
    }
    return leafOrReference(definition, (Class<?>) type, words, proto);
  }

  private Shape leafOrReference(
      String definition,
      Class<?> type,
      Map<String, String> words,
      Optional<FieldDescriptor> proto) {
    List<String> enumeration =
        words.containsKey("enum") ? Arrays.asList(words.get("enum").split("\\|")) : List.of();
    if (type == String.class) {
      return new Shape.Scalar("STRING", "", enumeration, words.getOrDefault("name", "string"));
    } else if (type == Integer.class || type == Long.class) {
      return new Shape.Scalar("INTEGER", type == Integer.class ? "int32" : "int64", List.of(), "");
    } else if (type == Boolean.class) {
      return new Shape.Scalar("BOOLEAN", "", List.of(), "");
    } else if (type == Double.class) {
      return new Shape.Scalar("NUMBER", "double", List.of(), "");
    } else if (type == byte[].class) {
      return new Shape.Scalar("STRING", "byte", List.of(), "");
    } else if (type == OffsetDateTime.class) {
      boolean micro =
          proto.map(p -> p.getMessageType().getName().equals("MicroTime")).orElse(false);
      return new Shape.Scalar("STRING", micro ? "date-time-micro" : "date-time", List.of(), "");
    } else if (type == IntOrString.class) {
      return new Shape.Scalar("INT_OR_STRING", "", List.of(), "");
    } else if (type == Quantity.class) {
      return new Shape.Scalar("QUANTITY", "", List.of(), "");
    } else if (type == Object.class && !isFieldless(proto)) {
      return new Shape.Any(wire(proto));
    } else if (type == Object.class || type.getName().startsWith(MODELS)) {
      String referenced = definitionName(definition, type, proto);
      add(referenced, type, proto.map(FieldDescriptor::getMessageType));
      return new Shape.Reference(referenced, words.getOrDefault("map", "").equals("granular"));
    }
    throw new IllegalStateException(definition + " has a field of " + type);
  }

  /// An object in which nothing can be said, of which the models do not know that it is one.
  private static boolean isFieldless(Optional<FieldDescriptor> proto) {
    return proto
        .filter(field -> field.getJavaType() == FieldDescriptor.JavaType.MESSAGE)
        .filter(field -> field.getMessageType().getFields().isEmpty())
        .isPresent();
  }

  private static String wire(Optional<FieldDescriptor> proto) {
    return switch (proto.map(p -> p.getMessageType().getName()).orElse("")) {
      case "JSONSchemaPropsOrArray" -> "SCHEMA_OR_ARRAY";
      case "JSONSchemaPropsOrBool" -> "SCHEMA_OR_BOOL";
      case "JSONSchemaPropsOrStringArray" -> "SCHEMA_OR_STRINGS";
      default -> "RAW";
    };
  }

  /// OpenAPI's name of what a field refers to, from the protobuf message, else from the class.
  private static String definitionName(
      String definition, Class<?> type, Optional<FieldDescriptor> proto) {
    if (proto.isPresent()) {
      return definitionName(proto.get().getMessageType().getFullName());
    }
    String simple =
        type.getSimpleName().replaceFirst("^[A-Z][a-z]*V\\d", "").replaceFirst("^V\\d", "");
    if (List.of("ObjectMeta", "ListMeta", "OwnerReference", "ManagedFieldsEntry", "LabelSelector")
        .contains(simple)) {
      return "io.k8s.apimachinery.pkg.apis.meta.v1." + simple;
    }
    return definition.substring(0, definition.lastIndexOf('.') + 1) + simple;
  }

  static String definitionName(String message) {
    return "io."
        + message.replaceFirst("^k8s\\.io\\.", "k8s.").replace("apiextensions_", "apiextensions-");
  }

  private Map<String, String> words(String definition, String field) {
    Map<String, String> words = new LinkedHashMap<>();
    Matcher matcher = WORD.matcher(overlay.words(definition, field));
    while (matcher.find()) {
      words.put(matcher.group(1), matcher.group(2));
    }
    return words;
  }

  private static String description(Class<?> owner, String json) {
    String getter = "get" + json.replaceAll("[^A-Za-z0-9]", "");
    for (Method method : owner.getMethods()) {
      @Nullable ApiModelProperty property = method.getAnnotation(ApiModelProperty.class);
      if (property != null && method.getName().equalsIgnoreCase(getter)) {
        return property.value();
      }
    }
    return "";
  }
}
