// tanh in float32 where a register holds a table of 32 numbers (AVX-512): on each quarter of an octave of |x| a polynomial of degree 5 in
// h = |x| - center, minimax in relative error (1.1e-8; after rounding 1.4 ulp); below 1/8 odd in x to first order, from 10 on exactly 1.
// It needs no division, which binds the general form (elementary.hpp): 13.3 against 10 cycles per vector on an Intel core.
#pragma once

#include "cpu/simd.hpp"

#if defined(__AVX512F__)

namespace tbrnn::inline TBRNN_ISA {

// Rows of 32 entries, entry (exponent and two bits of the fraction of |x|) mod 32.
inline constexpr float tanh_table[7][32] = {
    // center
    {0x1.2p+1f, 0x1.6p+1f, 0x1.ap+1f, 0x1.ep+1f, 0x1.2p+2f, 0x1.6p+2f, 0x1.ap+2f, 0x1.ep+2f,
     0x1.2p+3f, 0x1.6p+3f, 0x1.ap+3f, 0x1.ep+3f, 0x1.4p+4f, 0x1.4p+4f, 0x1.4p+4f, 0x0p+0f,
     0x1.2p-3f, 0x1.6p-3f, 0x1.ap-3f, 0x1.ep-3f, 0x1.2p-2f, 0x1.6p-2f, 0x1.ap-2f, 0x1.ep-2f,
     0x1.2p-1f, 0x1.6p-1f, 0x1.ap-1f, 0x1.ep-1f, 0x1.2p+0f, 0x1.6p+0f, 0x1.ap+0f, 0x1.ep+0f},
    // degree 0
    {0x1.f4bfd6p-1f, 0x1.fbd50ap-1f, 0x1.fe767ap-1f, 0x1.ff6f18p-1f, 0x1.ffdfa6p-1f, 0x1.fffbap-1f,
     0x1.ffff68p-1f, 0x1.ffffecp-1f, 0x1p+0f,        0x1p+0f,        0x1p+0f,        0x1p+0f,
     0x1p+0f,        0x1p+0f,        0x1p+0f,        0x0p+0f,        0x1.1e1ddp-3f,  0x1.5c9308p-3f,
     0x1.9a5f1cp-3f, 0x1.d7665cp-3f, 0x1.18a39ap-2f, 0x1.52c2c6p-2f, 0x1.8a87e2p-2f, 0x1.bfae6ap-2f,
     0x1.05087p-1f,  0x1.3157ep-1f,  0x1.5789p-1f,   0x1.77d838p-1f, 0x1.9e5cb6p-1f, 0x1.c278a6p-1f,
     0x1.d9c6fcp-1f, 0x1.e8789ep-1f},
    // degree 1
    {0x1.641088p-5f,  0x1.09a7acp-6f,  0x1.88ef74p-8f,  0x1.21a7b8p-9f,  0x1.02c148p-11f,
     0x1.18359cp-14f, 0x1.2f62f4p-17f, 0x1.4878f6p-20f, 0x1.060dacp-24f, 0x0p+0f,
     0x0p+0f,         0x0p+0f,         0x0p+0f,         0x0p+0f,         0x0p+0f,
     0x1p+0f,         0x1.f601cap-1f,  0x1.f12bp-1f,    0x1.eb715ap-1f,  0x1.e4dfb2p-1f,
     0x1.d98b36p-1f,  0x1.c7f724p-1f,  0x1.b3ff2ep-1f,  0x1.9e23aep-1f,  0x1.7aeae6p-1f,
     0x1.49e6cp-1f,   0x1.197fcep-1f,  0x1.d834d2p-2f,  0x1.615002p-2f,  0x1.cea744p-3f,
     0x1.265e34p-3f,  0x1.6fcfa6p-4f},
    // degree 2
    {-0x1.5c3a3ep-5f,  -0x1.077906p-6f,  -0x1.87b86ep-8f,  -0x1.214eaap-9f,  -0x1.0244fp-11f,
     -0x1.17bd64p-14f, -0x1.2ee2eap-17f, -0x1.47eea4p-20f, -0x1.85a478p-23f, 0x0p+0f,
     0x0p+0f,          0x0p+0f,          0x0p+0f,          0x0p+0f,          0x0p+0f,
     0x1.e1a71ap-22f,  -0x1.18883cp-3f,  -0x1.5279fep-3f,  -0x1.89e50ep-3f,  -0x1.be6cb8p-3f,
     -0x1.038f7p-2f,   -0x1.2daf98p-2f,  -0x1.4ff712p-2f,  -0x1.6a1d38p-2f,  -0x1.825de4p-2f,
     -0x1.897d22p-2f,  -0x1.79c0e4p-2f,  -0x1.5aa224p-2f,  -0x1.1df056p-2f,  -0x1.970ed2p-3f,
     -0x1.1064bap-3f,  -0x1.5ee8aap-4f},
    // degree 3
    {0x1.bbce98p-6f,  0x1.59933p-7f,   0x1.0394eap-8f,  0x1.80e4f6p-10f, 0x1.583ec8p-12f,
     0x1.7504fcp-15f, 0x1.93e83ep-18f, 0x1.b54f52p-21f, 0x1.56787p-25f,  0x0p+0f,
     0x0p+0f,         0x0p+0f,         0x0p+0f,         0x0p+0f,         0x0p+0f,
     -0x1.555c38p-2f, -0x1.3b135p-2f,  -0x1.2ea3fcp-2f, -0x1.202a34p-2f, -0x1.0fdf04p-2f,
     -0x1.e91ef8p-3f, -0x1.98588ep-3f, -0x1.4272p-3f,   -0x1.d71f7ep-4f, -0x1.bd0ce8p-5f,
     0x1.d76898p-7f,  0x1.072cc4p-4f,  0x1.8434bp-4f,   0x1.c68efep-4f,  0x1.97d8e2p-4f,
     0x1.33df76p-4f,  0x1.a85c5p-5f},
    // degree 4
    {-0x1.960178p-7f,  -0x1.51959ap-8f,  -0x1.0374fap-9f,  -0x1.83e818p-11f, -0x1.69dda6p-13f,
     -0x1.888fc2p-16f, -0x1.a92218p-19f, -0x1.cc4d06p-22f, 0x1.39c54ep-24f,  0x0p+0f,
     0x0p+0f,          0x0p+0f,          0x0p+0f,          0x0p+0f,          0x0p+0f,
     0x1.0dfa3p-11f,   0x1.6b051ep-4f,   0x1.af9b76p-4f,   0x1.ed77fap-4f,   0x1.11e9fp-3f,
     0x1.32dfccp-3f,   0x1.4fff7cp-3f,   0x1.5c02d6p-3f,   0x1.5839a2p-3f,   0x1.39dae6p-3f,
     0x1.e93b12p-4f,   0x1.474356p-4f,   0x1.633ac2p-5f,   0x1.e50c1ep-9f,   -0x1.599f7ep-6f,
     -0x1.9b961cp-6f,  -0x1.5596cp-6f},
    // degree 5
    {0x1.0494aep-8f,  0x1.f67698p-10f, 0x1.947e8p-11f,  0x1.334ce2p-12f, 0x1.202b06p-14f,
     0x1.3937bep-17f, 0x1.534b74p-20f, 0x1.6f5fe2p-23f, 0x1.491286p-27f, 0x0p+0f,
     0x0p+0f,         0x0p+0f,         0x0p+0f,         0x0p+0f,         0x0p+0f,
     0x1.09e7ccp-3f,  0x1.cab666p-4f,  0x1.a28682p-4f,  0x1.74ca5ep-4f,  0x1.42acbap-4f,
     0x1.e4bddep-5f,  0x1.068f32p-5f,  0x1.897fa6p-8f,  -0x1.18304cp-6f, -0x1.630d3cp-5f,
     -0x1.f7f4bp-5f,  -0x1.00ac5cp-4f, -0x1.b2c93cp-5f, -0x1.070c84p-5f, -0x1.39172p-7f,
     0x1.6961dcp-10f, 0x1.2d31f4p-8f},
};

template <int n>
TBRNN_PACK Pack<float, n> tanh(Pack<float, n> x) {
  using P = Pack<float, n>;
  using I = Pack<std::int32_t, n>;
  constexpr int first = 495;  // the quarter of an octave below 1/8
  const P a = P::of([&](int i) TBRNN_INLINED {
    return (Native<float>)_mm512_min_ps(_mm512_set1_ps(10.0f), (__m512)magnitude(x).v[i]);
  });
  const I quarter = a.bits() >> 21;
  const I entry = I::of([&](int i) TBRNN_INLINED {
    return (Native<std::int32_t>)_mm512_max_epi32((__m512i)quarter.v[i], _mm512_set1_epi32(first));
  });
  const auto look_up = [&](int row) TBRNN_INLINED {
    return P::of([&](int i) TBRNN_INLINED {
      return (Native<float>)_mm512_permutex2var_ps(_mm512_loadu_ps(tanh_table[row]),
                                                   (__m512i)entry.v[i],
                                                   _mm512_loadu_ps(tanh_table[row] + 16));
    });
  };
  const P h = a - look_up(0);
  P value = look_up(6);
  unroll<5>([&](auto k) TBRNN_INLINED { value = fma(value, h, look_up(5 - k)); });
  return P::of_bits(value.bits() | (x.bits() & sign_bit(x)));
}

}  // namespace tbrnn::inline TBRNN_ISA

#endif
