// SPDX-License-Identifier: Apache-2.0
// A CSR as the FreeRTOS reference firmware (mbedTLS 3.1.0) makes it, with its public key; and a throw-away
// certificate.
#pragma once

namespace samples {

constexpr const char* firmware_csr =
    "-----BEGIN CERTIFICATE REQUEST-----\n"
    "MIIBAjCBpgIBADATMREwDwYDVQQDDAhTTjAwMDEyMzBZMBMGByqGSM49AgEGCCqG\n"
    "SM49AwEHA0IABG0oiV+RUUM01XAk/wEP6m7Y/DXrzGAvizLX24nqSkPTvcv+kYSw\n"
    "N7jC8rVRbbkFybUfSGKjC9oX3BaD8vrUT9KgMTAvBgkqhkiG9w0BCQ4xIjAgMAsG\n"
    "A1UdDwQEAwIHgDARBglghkgBhvhCAQEEBAMCB4AwDAYIKoZIzj0EAwIFAANJADBG\n"
    "AiEAmBh04hkwscDA8sca3yYiZixRd9ivjBXcNKwTnMLPCLkCIQCFqHbe6lW8m+lA\n"
    "hjUedpyi2y8+m63Mz6qxcCr+RPM+KA==\n"
    "-----END CERTIFICATE REQUEST-----\n";

constexpr const char* firmware_public_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbSiJX5FRQzTVcCT/AQ/qbtj8NevM\n"
    "YC+LMtfbiepKQ9O9y/6RhLA3uMLytVFtuQXJtR9IYqML2hfcFoPy+tRP0g==\n"
    "-----END PUBLIC KEY-----\n";

constexpr const char* certificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBpzCCAU2gAwIBAgIUAZbI6hkToMn4THmhX16SLFWRGyMwCgYIKoZIzj0EAwIw\n"
    "KDEPMA0GA1UEAwwGU04wMDAxMRUwEwYDVQQKDAxCw7ZhcmQgV2Vya2UwIBcNMjYx\n"
    "MTI0MDgwNjE1WhgPMjA1MjExMTcwODA2MTVaMCgxDzANBgNVBAMMBlNOMDAwMTEV\n"
    "MBMGA1UECgwMQsO2YXJkIFdlcmtlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "32D+BwnjmyjxPBveo+VXSsLLwdY17QHP8650SCcjLkQhBg7ZH4+f/kYplkZxtjC/\n"
    "n9Ns4R8GHdELm12c+6s2baNTMFEwHQYDVR0OBBYEFLqtVNWddqqGhZXRfQHtg+r3\n"
    "Z1/iMB8GA1UdIwQYMBaAFLqtVNWddqqGhZXRfQHtg+r3Z1/iMA8GA1UdEwEB/wQF\n"
    "MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAKaPB+NS/SqN4VbCMU4eRmCsUYT3lGXE\n"
    "GxUPl6HObTxeAiARLqaF3oRMVNILrtZC0q1dA7FYGZ634xyp8QRirmzdsQ==\n"
    "-----END CERTIFICATE-----\n";

}  // namespace samples
