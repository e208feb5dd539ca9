import FoundationEssentials

/// Archives that other programs wrote, packed by gzip.
enum Golden {
    /// skopeo 1.9.3: `copy oci:img:v1 docker-archive:dock.tar:localhost:5050/team/app:v1`, an image with one file.
    static let skopeoDocker = bytes(
        """
        H4sIAAAAAAACA+2YW2vbMBiGc71fUXTdJjp9lu3bsYvB2KAru9gIRcfGaxIH2ykrJf99n9MU0pT0gFPvUD03lnWwkKVXej9B0MaHzHmlqEyY
        opTKDCxNAkvApE4JTzNuAmeJYhQsOOESqpikXlsa3LDR1eAJaPtRKddPZPcJW+nbfE4lE4MjOuiBZd2OgHbua3dw/wjDHvpo/4cC2Df/6zQD
        gYsEGC4tzFeCJYMjiPP/6uie5j/Zr39EPJh/JaP++2BSvBtEIpFI5O0RrKFWZ5nmQlFwlmXGCuENY9zjK1U2kwx8xoQUXBuTBee8YEakAiiT
        MPxZl/Nu/n+7bOP/GRqGeP73wQ2xldeNdyQnnPLkhLETzs8oz7nIgQ9TDAoFpBy+k2OiKzspGm+bZeWxvp65RGJ2WePLtJgvf+GLLeehuCD5
        zeqYVGXZBCy8Ic31om0x1de+qrGWK0I4LxyW/SD1RHNIcugYiZIx9jgp6qasrvGzTw4sUW1jJtuBbaqeG2xJlrPSFkeVX2h7SVbj1X9tkLRJ
        jdWpCTKVEMBKJalKQAlHs1RooyRQa3imGDie4fYggrcyY5Blymhwo/WUPn4LsEf39zW/nRaCU/T/fDgcwWvfT7z1+K/r/H/7cPr145fPXfb/
        Nv7b3f+Zivt/H7AhHUTeLp31fwD/h9Zy9/43AR7134//22Pqtn0cphtdzH1F8vlyOt3KOL+rtsl/vpd0pb3E9lfoB4tyfveBom3bdU3et6Sr
        KPJHmOl5EXzdPCeO6yKNR/XPd/wfQzMXz/9ewDjp/UbC5CB3ASi+U78oz/TFOribllZPJ2Xd5ECBjhqvZyO9WORXjIyPyafbeBDrHcLnYwQ4
        jop+GRjmlnWBMXPh68Ef0j8unQf6B4j67+f836PQ9tYGRXqA03gVT+BIJBL5+/gNnoyOswAmAAA=
        """)

    /// skopeo 1.9.3: the same image by `copy oci:img:v1 oci-archive:oci.tar:localhost:5050/team/app:v1`.
    static let skopeoOCI = bytes(
        """
        H4sIAAAAAAACA+2XT2gcVRzHhxShDa0iVfBm+i5Vmsy+/7NvQOxZVBCqYCWUN+/P7rS7M8vMbGxS9ioFjxUEkaiHSg/iwd489KYeclEPgoKC
        oIKghx5KwSLxt5M0aGobTci2IfO9zM7b93vze/N7n+97k/TypGwFuyqMOY6EgGutzdf6NxEMugmCI2gnlAgezIhgAhqWlS4glSLPq3v12+r/
        zZPbI0rq+pddTYVsPTD1Z0Q29Z98/RNDncHMek+MMS7ykWA+IlgyrrBta0k8gTZKLPfKeGmZdRCTQJBJhFV3ezUEY8n5XetPMf9n/SkXQgYz
        uKn/ruvJNw8GwaHsYrD621cvTE+Rw2/8+NEzn7178ocvbbH87a/fvHdr5SK+/P2hxz9YlOnpp35aefXzAwdvvv7Qd58evTH1y3NXTj42767/
        ceml5ZtfLBy98vG1rw+//OyfV39vP3z1+CfvDB8dLb1f3Xrk0s/Hj714bXXlRsWfvvzWh9engmB19UDwxNvLR4LpoNGDwr9rc2e0w9JapRTl
        lnqaRAnVUlgeYUolVWANbScFmEGbMiykMIxppqWS3m2Tf8HIJv6Z5FHD/yR0AZWm6/r6FVeUaZ6hmM4ik2c+7aD4Auo7m+pTiwOHYqQHg15q
        dAW9WguZDXOThmlfd1y41j9cICfOljDELLJpx5UVxKytq9ibBButlKYswsIaohJYNS4hhDq4xZFRnAinCOOM6iRR3lrHSMLaTGDCBQxZpkuQ
        BFV0NIt6ehGyRfFr/zXBOgDyC6HUJzpL6eBfctzp3reRI2F0ND+a3ov877RO2+Sf8zv2fxit4X8y/JvC6cpZIIFiKucImaP0FKYxZbGgYZtL
        wkSbitOwwHVhumnlTDUsauD6VnJozoFF1Euz4Xn0N/MAUMfvzJdjI6nWEF0nd0yf92dSO4b4NoDC68R5ZV0UYXhoNF4YShgsPZEiaduIOaxo
        4imRgKUwAgiUOCIcO22wt2genthNyyovFmtv2GJiMhoHEz6e2HrXMwlEomEfnGOmcANtzqE9hPK2lGbWnQ/Hvr2L3/9b8U/Y5u8/LHDD//3a
        //s6Sz1sjv9ni70dc49TwE5Plxs7LOMCvCjL8qrOpDaYvOiE+cBlYD+VTjOYzXpihfNhpvu1++RG97p5WcUC1lercrrfghnFCwSNgPN9ef6H
        Cs6BK+fD6v7xj1l0B/+y4X9C/NeYPF8vgQ0TmEEkxCFG+5OJRo0aNdoP+guUDhqvABwAAA==
        """)

    /// GNU tar 1.34 with `--format=gnu`: a folder whose name has 150 letters, with a file in it that is hard-linked
    /// and a link to it.
    static let gnuTar = bytes(
        """
        H4sIAAAAAAACA+2XsQ6CMBRF3+xX9AsohUJXd/kJIqhELQnUwb+3YQTFMLQivWd5JJAw3N6T14qTc2KLyrJhWsbzzbNSMiaWkQcevSk7xqhr
        WzP33bf3f0rFL2VXuc8/l/Jz/mKUv4gzZfOPkb9zjq02tTY7AkES8Yjvi1afi0Zff9T/JE1G/Re5HaxA/z34X68SjmpuJv/F+18q7QKI/S8c
        /+dT/0v4P2j/n5pbDT1vxv+z97+J/239FTHh43IK/6/A/3Lqf0HsAP87B/YP3f/98+74H8P+r9Qi/+cJscTHUQu8/wAAAAAAAAAAANg+L3n5
        qEMAKAAA
        """)

    /// The same with `--format=posix`.
    static let posixTar = bytes(
        """
        H4sIAAAAAAACA+2YTW6DMBCFveYUPkHw2MaTLLLvslewAlVQE1KBI6W3r2FT6qhJUGW3hfk2tjASQuP35meVP9vLU2XLqu3ykkVBeIzWw+oJ
        VyFwtO+fg9ACGL+wBJw7Z1v/ebZM5JpbVx+rLeCmUGC0wpVBowtYZ/5sd30mhzNGzIIyj/+NQeJF8b3+wz2A1ILxIqX+29PJ3Xrv3nn4c/8m
        /iP/39u2jBT/af4PYCT5P/k/EV//kUQ/Rf8Q6l/2lsBFSv0v1P93p8ZVjSM9L1b/o/zfxOGe/pVSX/WvlDBI+T8FYBR/s26/LWNF/4fk2eQS
        xQgqUR7Xf/wQTu7/lJGoqf+bU/xv+z+G/q80zf8S+T/+cf9/qQ9VRm3qjPV/7f+otK//IEVzSvO/z/q/ez/+Rv/fm30w/xO+XCD/T+L/G36o
        m9chB8wqA/gbRxngAf1HEn2gf0Sc5P/9/F+muF0L93+CIAiCIJbHB4sVADcAKAAA
        """)

    /// GNU tar with `--sparse --format=gnu`: a file of 1 MiB that is one hole.
    static let gnuSparse = bytes(
        """
        H4sIAAAAAAACA+3QQQrCMBAF0BwlR0hsYg/iCbpwXUna+1u6LKILqQt5b/MHZmDg98fU+j2cKm2upey5OeY+5zqkVGodLjWkXHIeQ7yFH1j7
        MrUYQ5vn5d3dp/1X7ZQXjZzyAAAAAAAAAAAAgD/xBHlYMxkAKAAA
        """)

    /// The same with `--format=posix`.
    static let posixSparse = bytes(
        """
        H4sIAAAAAAACA+3UTWrDMBAFYK11Cp9AntGPlS68bboqhZIDiFYLlzgukgOhp6+cEEgNTRYNgdD3bUbM08JiGKv6JeyeYniPKdf5M6QcxbVR
        0Vi7r8W8kvZesDNE1jmjnSBmV0q1EzewzWNI5VPE/6R1tXxeqcPkVR8+htSynHW7TemS1M1pdxP62B7O0vBpkmJY5+4rtkx24XwjDVX92JXr
        7B+c4cYar/w0bl4QT2k4m779ngr4G1WXwb3u5/bYraPSRP7a/4EL+8/T+ef+O6tJVHTL/U/DMJ67dymfP+5OsDwuKWGZAAAAAAAAAAAAAAAA
        AAAAAO7QN4xsDyYAKAAA
        """)

    private static func bytes(_ base64: String) -> [UInt8] {
        Array(Data(base64Encoded: base64.filter { $0 != "\n" }) ?? Data())
    }
}
