"""Writes a tokenizer of one token a word, so that a tool which must load one needs no network."""

import sys

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import PreTrainedTokenizerFast

words = ["<unk>", "<s>", "</s>", "word"] + [f"w{number}" for number in range(2000)]
inner = Tokenizer(WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
inner.pre_tokenizer = Whitespace()
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=inner, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
)
tokenizer.save_pretrained(sys.argv[1])
