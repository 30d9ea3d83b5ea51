"""Passwords of twelve and more characters that are tried first, folded.

https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver (blocklist)
"""

from __future__ import annotations

COMMON = frozenset(
    """
    000000000000 012345678901 0123456789012 098765432109 111111111111 111122223333 112233445566
    121212121212 123123123123 123321123321 123412341234 123456123456 123456654321 123456789012
    1234567890123 12345678901234 123456789012345 1234567890ab 1234567890abc 1234567890qw
    1234567890qwerty 123456789abc 123456789qwe 1234qwerasdf 1234qwerasdfzxcv 123qweasdzxc 147258369147
    159753159753 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc
    222222222222 333333333333 444444444444 555555555555 666666666666 777777777777 888888888888
    987654321012 987654321098 999999999999 aaaaaaaaaaaa abc123abc123 abcabcabcabc abcd12345678
    abcd1234abcd abcdef123456 abcdefgh1234 abcdefghijkl abcdefghijklm access123456 admin1234567
    admin12345678 admin123admin adminadminadmin administrator administrator1 administrator123
    asdfasdfasdf asdfghjkl123 asdfghjkl1234 asdfghjkl;'\\ asdfghjklqwe baseball1234 basketball12
    careplan1234 careplan12345 careplancareplan careplanservice changeme1234 changeme12345
    changemechangeme changemenow1 computer1234 correct-horse-battery-staple correcthorsebatterystaple
    defaultpassword dragon123456 dragondragon football1234 footballfootball freedom12345 hello1234567
    hellohellohello helloworld12 helloworld123 iloveyou1234 iloveyou12345 iloveyouiloveyou
    iloveyousomuch jordan123456 letmein12345 letmein123456 letmeinletmein letmeinplease liverpool123
    lovelovelove loveyou12345 master123456 michael12345 michaeljackson monkey123456 monkeymonkey
    myp@ssw0rd123 mypassword12 mypassword123 mypassword1234 nopassword12 p@$$w0rd1234 p@ssw0rd1234
    p@ssw0rd12345 p@ssword1234 pa$$word1234 pa55word1234 passw0rd1234 passw0rd12345 password!234
    password0000 password1111 password123! password1234 password1234! password12345 password123456
    password1234567 password12345678 password123password password2020 password2021 password2022
    password2023 password2024 password2025 password2026 passwordpassword passwort1234 princess1234
    q1w2e3r4t5y6 q1w2e3r4t5y6u7 qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qwer1234asdf qwer1234qwer
    qwerasdfzxcv qwerty123456 qwerty1234567 qwerty12345678 qwerty123qwerty qwertyqwerty qwertyuiop10
    qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiop[] qwertyuiopas qwertyuiopasdf
    qwertyuiopasdfghjkl secret123456 secretpassword shadow123456 socialwork12 socialworker socialworker1
    starwars1234 summer202020 sunshine1234 sunshine12345 superman1234 superman12345 temporary123
    temppassword test12345678 testtesttest thisismypassword trustno1trustno1 unbelievable user12345678
    welcome1234! welcome12345 welcome123456 welcomewelcome whateverwhatever winter202020 zaq12wsxcde3
    zaq1zaq1zaq1 zxcvbnm12345 zxcvbnm123456 zxcvbnmasdfghjkl zxcvbnmzxcvbnm
    """.split()
) | {"correct horse battery staple"}
