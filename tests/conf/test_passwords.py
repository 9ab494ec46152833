"""First choices are refused however they are dressed up; passwords of one's own are not."""

import pytest

from conf.passwords import is_guessable


@pytest.mark.parametrize(
    "password",
    ["Password1234!", "P@ssw0rd2026!!", "Admin@123456", "Qwerty!23456", "1qaz@WSX3edc", "Tianhe@2026!", "Eqicha-2026-!",
     "Welcome2026!!!", "Aa1!Aa1!Aa1!", "AAAAaaaa1111!", "Guangzhou#2025", "!QAZ2wsx!QAZ2wsx", "Abcd1234!@#$",
     "Iloveyou520!!", "ChangeMe-12345", "Li.Shenhe2026!", "$ummer-2026-$ummer", "Zxcvbnm,./123"],
)  # fmt: skip
def test_first_choices_are_refused_whatever_signs_are_in_them(password: str) -> None:
    assert is_guessable(password, "li.shenhe", "shenhe")


@pytest.mark.parametrize(
    "password", ["Zhi-Shi-Yang-Li-2026", "Huan-Yi-Ge-2027", "Yang-Li-2026-fictional", "correct horse 7 Battery",
                 "m9#Tr-vLq2xW", "Mai-Xie-Ju-Zi-46", "X7kd!admin-Vbrz"],
)  # fmt: skip
def test_passwords_of_ones_own_are_taken(password: str) -> None:
    assert not is_guessable(password, "li.shenhe", "shenhe")
