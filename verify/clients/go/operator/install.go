// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// definition is the CustomResourceDefinition; %s are the webhook's URL and its authority.
const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: greetings.greetings.example.com}
spec:
  group: greetings.example.com
  scope: Namespaced
  names: {plural: greetings, singular: greeting, kind: Greeting, listKind: GreetingList}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig: {url: "%s/convert", caBundle: "%s"}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [words]
            properties: {words: {type: string, maxLength: 80}, tone: {type: string}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
  - name: v1alpha1
    served: true
    storage: false
    deprecated: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [text]
            properties: {text: {type: string, maxLength: 80}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
`

// install writes the namespace, the definition and the webhooks' configurations.
func install(ctx context.Context, to client.Client, url string, authority []byte) error {
	encoded, err := yaml.Marshal(authority)
	if err != nil {
		return err
	}
	defined := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(fmt.Appendf(nil, definition, url, trim(encoded)), &defined.Object); err != nil {
		return err
	}
	objects := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, defined}
	for _, each := range append(objects, configurations(url, authority)...) {
		if err := to.Create(ctx, each); err != nil {
			return err
		}
	}
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		if err := to.Get(ctx, client.ObjectKeyFromObject(defined), defined); err != nil {
			return false, err
		}
		conditions, _, err := unstructured.NestedSlice(defined.Object, "status", "conditions")
		for _, each := range conditions {
			if condition := each.(map[string]any); condition["type"] == "Established" && condition["status"] == "True" {
				return true, nil
			}
		}
		return false, err
	})
}

func trim(encoded []byte) string {
	return string(encoded[:len(encoded)-1])
}

func configurations(url string, authority []byte) []client.Object {
	none, fail := admissionv1.SideEffectClassNone, admissionv1.Fail
	rules := func(operations ...admissionv1.OperationType) []admissionv1.RuleWithOperations {
		return []admissionv1.RuleWithOperations{{Operations: operations, Rule: admissionv1.Rule{
			APIGroups: []string{"greetings.example.com"}, APIVersions: []string{"v1"}, Resources: []string{"greetings"},
		}}}
	}
	at := func(path string) admissionv1.WebhookClientConfig {
		whole := url + path
		return admissionv1.WebhookClientConfig{URL: &whole, CABundle: authority}
	}
	metadata := metav1.ObjectMeta{Name: "greetings.example.com"}
	return []client.Object{
		&admissionv1.MutatingWebhookConfiguration{ObjectMeta: metadata, Webhooks: []admissionv1.MutatingWebhook{{
			Name: "default.greetings.example.com", ClientConfig: at("/mutate-greetings-example-com-v1-greeting"),
			Rules: rules(admissionv1.Create, admissionv1.Update), SideEffects: &none, FailurePolicy: &fail,
			AdmissionReviewVersions: []string{"v1"},
		}}},
		&admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metadata, Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "validate.greetings.example.com", ClientConfig: at("/validate-greetings-example-com-v1-greeting"),
			Rules: rules(admissionv1.Create, admissionv1.Update, admissionv1.Delete), SideEffects: &none, FailurePolicy: &fail,
			AdmissionReviewVersions: []string{"v1"},
		}}},
	}
}

// remove takes away what install wrote, and what the walk left.
func remove(ctx context.Context, from client.Client) error {
	metadata := metav1.ObjectMeta{Name: "greetings.example.com"}
	defined := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "greetings.greetings.example.com"},
	}}
	var all error
	for _, each := range []client.Object{
		&admissionv1.MutatingWebhookConfiguration{ObjectMeta: metadata},
		&admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metadata},
		defined,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
	} {
		if err := from.Delete(ctx, each); !apierrors.IsNotFound(err) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// issue writes a certificate for 127.0.0.1 with its key where the webhook server looks, and returns it as its own authority.
func issue(folder string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "greetings"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	encodedKey, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	private := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encodedKey})
	return certificate, errors.Join(
		os.WriteFile(filepath.Join(folder, "tls.crt"), certificate, 0o600),
		os.WriteFile(filepath.Join(folder, "tls.key"), private, 0o600))
}
